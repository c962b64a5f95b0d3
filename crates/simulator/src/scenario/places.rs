//! Who is who around each commune: taken from the reference registry, so that a scenario
//! names only agencies and units that exist at its date.

use super::script::Role;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use lienthong_contract::reference::LoadError;
use lienthong_domain::agency::{Agency, Registry};
use lienthong_domain::level::Level;

/// The population database's centre.
const PUBLIC_SECURITY: &str = "G01";
/// The Ministry of Justice, in whose software civil status is kept.
pub(super) const JUSTICE: &str = "G15";
/// The Government Office, whose portal gives interconnected cases their codes.
pub(super) const GOVERNMENT_OFFICE: &str = "G22";
/// The registrar's unit inside the commune's desk.
const REGISTRAR_UNIT: &str = "TU-PHAP";

/// A commune and the agencies that its people deal with.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// GSO code of the commune.
    pub(super) commune: String,
    /// GSO code of the province.
    pub(super) province: String,
    /// The people's committee of the province.
    pub(super) province_agency: String,
    commune_desk: String,
    commune_police: String,
    province_desk: String,
    land_office: String,
    tax: String,
    social_insurance: String,
    home_affairs: String,
}

/// Why the registry does not do for scenarios.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// The shipped tables do not load.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The date is not in the calendar.
    #[error("the plan's present is out of range: {0}")]
    Present(#[from] jiff::Error),
    /// No commune of the tables has every agency that the scripts need.
    #[error(
        "no commune has all its agencies on {0}; the demonstration needs the two tiers of 2025-07-01 and later"
    )]
    Nowhere(Date),
}

/// The communes of the demonstration at the scenario's present.
pub(super) fn demo(registry: &Registry, now_ms: i64) -> Result<Vec<Place>, PlacesError> {
    let zone = TimeZone::fixed(Offset::constant(7));
    let day = Timestamp::from_millisecond(now_ms)?.to_zoned(zone).date();
    let in_force: Vec<&Agency> = registry
        .agencies()
        .filter(|agency| agency.period.covers(day))
        .collect();
    let desks = in_force
        .iter()
        .filter(|agency| agency.level == Level::Commune && agency.code.starts_with('H'));
    let places: Vec<Place> = desks
        .filter_map(|desk| around(desk, &in_force, registry, day))
        .collect();
    if places.is_empty() {
        return Err(PlacesError::Nowhere(day));
    }
    Ok(places)
}

/// The place of a desk, if every agency that a script may need is there.
fn around(desk: &Agency, all: &[&Agency], registry: &Registry, day: Date) -> Option<Place> {
    let commune = desk.unit_code.clone()?;
    let province = registry.province_at(&desk.code, day)?.code.clone();
    let committee = desk.parent.clone()?;
    let of_province = |prefix: &str| {
        let found = all.iter().find(|agency| {
            agency.level == Level::Province
                && agency.unit_code.as_deref() == Some(&province)
                && agency.code.starts_with(prefix)
        });
        found.map(|agency| agency.code.clone())
    };
    let police = all.iter().find(|agency| {
        agency.level == Level::Commune
            && agency.unit_code.as_deref() == Some(&commune)
            && agency.code.starts_with("G01.")
    })?;
    Some(Place {
        commune_desk: desk.code.clone(),
        commune_police: police.code.clone(),
        province_desk: of_province(&format!("{committee}.01"))?,
        land_office: of_province(&format!("{committee}.08.01"))?,
        tax: of_province("G12.18.")?,
        social_insurance: of_province("G24.")?,
        home_affairs: of_province(&format!("{committee}.06"))?,
        commune,
        province,
        province_agency: committee,
    })
}

impl Place {
    /// Agency and unit of a role.
    pub(super) fn party(&self, role: Role) -> (&str, &'static str) {
        match role {
            Role::CommuneDesk => (&self.commune_desk, ""),
            Role::Registrar => (&self.commune_desk, REGISTRAR_UNIT),
            Role::CommunePolice => (&self.commune_police, ""),
            Role::PopulationCentre => (PUBLIC_SECURITY, ""),
            Role::ProvinceDesk => (&self.province_desk, ""),
            Role::LandOffice => (&self.land_office, ""),
            Role::Tax => (&self.tax, ""),
            Role::SocialInsurance => (&self.social_insurance, ""),
            Role::HomeAffairs => (&self.home_affairs, ""),
        }
    }
}
