//! The personal part of a record. Nothing of it goes anywhere but into `Protected`.

use super::fields::Fields;
use crate::intake::observed::{of_number, of_paper};
use lienthong_contract::check::Violations;
use lienthong_contract::pb::event::v1::{Observation, Person, Protected};

/// Most bytes of one note; what is longer is told in several.
const NOTE: usize = 3_900;

/// The applicant, and what the record says in free text.
pub fn applicant(record: &Fields<'_>, violations: &mut Violations) -> Option<Protected> {
    let mut numbers: Vec<String> = vec![record.text(violations, "SoGiayToChuHoSo")];
    for identity in record.list(violations, "DinhDanhCHS") {
        numbers.push(identity.text(violations, "SoDinhDanh"));
    }
    numbers.retain(|number| !number.is_empty());
    numbers.dedup();
    let mut numbers = numbers.into_iter();
    let person = Person {
        role: "applicant".to_owned(),
        full_name: record.text(violations, "ChuHoSo"),
        identity_number: numbers.next().unwrap_or_default(),
        phone_number: record.text(violations, "SoDienThoai"),
        email: record.text(violations, "Email"),
        ..Default::default()
    };
    let others = numbers.map(|identity_number| Person {
        role: "applicant".to_owned(),
        identity_number,
        ..Default::default()
    });
    let persons = std::iter::once(person)
        .filter(is_told)
        .chain(others)
        .collect();
    let texts = [
        "TrichYeuHoSo",
        "GhiChu",
        "ThongTinTra",
        "ThongTinKhac",
        "MaDoiTuong",
        "Fax",
        "DonViXuLy",
    ];
    told(persons, notes(record, violations, &texts))
}

/// What the applicant's numbers show: those that say that they are identity numbers, and that of a
/// paper, which may be another.
pub fn observed(record: &Fields<'_>, violations: &mut Violations) -> Vec<Observation> {
    let identities = record.list(violations, "DinhDanhCHS").into_iter();
    let mut seen: Vec<Observation> = identities
        .filter_map(|identity| of_number(&identity.text(violations, "SoDinhDanh")))
        .collect();
    seen.extend(of_paper(&record.text(violations, "SoGiayToChuHoSo")));
    seen.sort();
    seen.dedup();
    seen
}

/// An officer named in `name`, and what is said in the fields `texts`.
pub fn officer(
    record: &Fields<'_>,
    violations: &mut Violations,
    name: &str,
    texts: &[&str],
) -> Option<Protected> {
    let person = Person {
        role: "officer".to_owned(),
        full_name: record.text(violations, name),
        ..Default::default()
    };
    let persons = std::iter::once(person).filter(is_told).collect();
    told(persons, notes(record, violations, texts))
}

fn is_told(person: &Person) -> bool {
    let Person {
        full_name,
        identity_number,
        phone_number,
        email,
        ..
    } = person;
    [full_name, identity_number, phone_number, email]
        .iter()
        .any(|text| !text.is_empty())
}

fn told(persons: Vec<Person>, notes: Vec<String>) -> Option<Protected> {
    let any = !persons.is_empty() || !notes.is_empty();
    any.then_some(Protected { persons, notes })
}

/// `FIELD: text` for each field that says something.
fn notes(record: &Fields<'_>, violations: &mut Violations, names: &[&str]) -> Vec<String> {
    let mut notes = Vec::new();
    for name in names {
        let text = record.text(violations, name);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (part, after) = rest.split_at(boundary(rest, NOTE));
            notes.push(format!("{name}: {part}"));
            rest = after;
        }
    }
    notes
}

/// The last place, at most `most` bytes in, where a text can be cut.
fn boundary(text: &str, most: usize) -> usize {
    (0..=most.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}
