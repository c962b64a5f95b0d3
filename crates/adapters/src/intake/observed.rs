//! What only the protected part of a message shows, told without repeating it.
//!
//! The numbers themselves stay where they are: an observation says that there is a filler or a
//! malformed number, of nobody in particular.

use lienthong_contract::pb::event::v1::{Header, Observation};
use lienthong_domain::code::person::{Kind, check_number};

/// What the identity numbers of all persons show. The contract says what a number is.
pub fn of(header: &Header) -> Vec<Observation> {
    let persons = header.protected.iter().flat_map(|told| &told.persons);
    let numbers = persons.map(|person| person.identity_number.as_str());
    let mut seen: Vec<Observation> = numbers.filter_map(of_number).collect();
    seen.sort();
    seen.dedup();
    seen
}

/// What one identity number shows; none for a number of a known structure, and for none.
pub fn of_number(number: &str) -> Option<Observation> {
    match check_number(number) {
        _ if number.is_empty() => None,
        Ok(Kind::Placeholder) => Some(Observation::PlaceholderIdentity),
        Ok(Kind::Personal | Kind::Legacy) => None,
        Err(_) => Some(Observation::MalformedIdentity),
    }
}

/// What the number of a paper shows that may be no identity card: letters stand in passports, and
/// 10 or 13 digits are an enterprise's code, so neither is judged.
pub fn of_paper(number: &str) -> Option<Observation> {
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let enterprise = matches!(number.len(), 10 | 13);
    (digits && !enterprise).then(|| of_number(number)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lienthong_contract::pb::event::v1::{Person, Protected};

    #[test]
    fn a_filler_and_a_number_of_no_structure_are_seen_once_each() {
        let person = |number: &str| Person {
            identity_number: number.to_owned(),
            ..Person::default()
        };
        let numbers = [
            "000000001",
            "111111111111",
            "123456789",
            "12345",
            "038912345678",
            "038090001234",
            "171234567",
            "",
        ];
        let header = Header {
            protected: Some(Protected {
                persons: numbers.map(person).to_vec(),
                notes: Vec::new(),
            }),
            ..Header::default()
        };
        let both = [
            Observation::PlaceholderIdentity,
            Observation::MalformedIdentity,
        ];
        assert_eq!(of(&header), both);
        assert_eq!(of(&Header::default()), []);
        assert_eq!(of_number("038090001234"), None);
        assert_eq!(of_number("171234567"), None);
    }

    #[test]
    fn passports_and_enterprise_codes_are_no_identity_numbers() {
        for other in ["B1234567", "2800123456", "2800123456001", ""] {
            assert_eq!(of_paper(other), None, "{other}");
        }
        assert_eq!(of_paper("12345"), Some(Observation::MalformedIdentity));
        assert_eq!(
            of_paper("000000001"),
            Some(Observation::PlaceholderIdentity)
        );
    }
}
