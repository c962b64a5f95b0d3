//! People who do not exist. They travel only in the protected part of an event.

use lienthong_contract::pb::event::v1::Person;
use rand::RngExt;
use rand::rngs::StdRng;

const FAMILY: [&str; 8] = ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi"];
const MIDDLE: [&str; 6] = ["Văn", "Thị", "Minh", "Ngọc", "Đức", "Thanh"];
const GIVEN: [&str; 10] = [
    "An", "Bình", "Chi", "Dũng", "Hà", "Hương", "Khánh", "Linh", "Phúc", "Tú",
];

/// A grown-up with a 12-digit number of the province; one in a hundred systems sends a
/// placeholder instead.
pub(super) fn grown_up(role: &str, province: &str, dice: &mut StdRng) -> Person {
    let year = dice.random_range(1950..2004);
    let number = match dice.random_range(0..100) {
        0 => "000000001".to_owned(),
        _ => number(province, year, dice),
    };
    Person {
        role: role.to_owned(),
        full_name: name(dice),
        identity_number: number,
        birth_date: format!(
            "{year}-{:02}-{:02}",
            dice.random_range(1..13),
            dice.random_range(1..29)
        ),
        phone_number: format!("09{:08}", dice.random_range(0..100_000_000)),
        ..Person::default()
    }
}

/// A child born in the year, who has no number yet.
pub(super) fn child(year: i16, dice: &mut StdRng) -> Person {
    Person {
        role: "child".to_owned(),
        full_name: name(dice),
        birth_date: format!(
            "{year}-{:02}-{:02}",
            dice.random_range(1..13),
            dice.random_range(1..29)
        ),
        ..Person::default()
    }
}

/// `AAA B CC DDDDDD`: province, century and sex, year, chance.
pub(super) fn number(province: &str, year: i16, dice: &mut StdRng) -> String {
    let century = if year < 2000 { 0 } else { 2 };
    let sex = dice.random_range(0..2);
    let chance = dice.random_range(0..1_000_000);
    format!(
        "{province:0>3}{}{:02}{chance:06}",
        century + sex,
        year.rem_euclid(100)
    )
}

fn name(dice: &mut StdRng) -> String {
    let family = FAMILY[dice.random_range(0..FAMILY.len())];
    let middle = MIDDLE[dice.random_range(0..MIDDLE.len())];
    let given = GIVEN[dice.random_range(0..GIVEN.len())];
    format!("{family} {middle} {given}")
}
