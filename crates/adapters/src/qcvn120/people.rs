//! The personal part of a record. Nothing of it goes anywhere but into `Protected`.

use super::fields::Fields;
use lienthong_contract::check::Violations;
use lienthong_contract::pb::event::v1::{Person, Protected};

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
