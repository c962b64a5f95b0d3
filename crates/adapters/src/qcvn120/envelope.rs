//! The envelope of a packet, JSON or XML, read into one form.

use super::fields::{self, text_of};
use super::xml;
use lienthong_contract::check::Violations;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use serde_json::{Map, Value, json};

/// Most records of one packet.
const MOST_RECORDS: usize = 10_000;
/// The element that an envelope in XML is written as.
const ROOT: &str = "envelope";

/// How a packet is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json`.
    Json,
    /// `application/xml`.
    Xml,
}

/// What a packet is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Dossiers as they stand.
    Dossiers,
    /// Steps of progress.
    Progress,
}

/// What the request says beside its body, for senders whose body leaves it out.
#[derive(Debug, Clone, Default)]
pub struct Address {
    /// The service, from the path.
    pub service: Option<String>,
    /// The sending unit, from the query.
    pub unit: Option<String>,
}

/// A packet that could be read. The session is not kept.
#[derive(Debug)]
pub struct Envelope {
    /// How it was written.
    pub format: Format,
    /// The sending unit as told, `madonvi`; not empty.
    pub unit: String,
    /// What it is about.
    pub service: Service,
    /// The records; at least one.
    pub data: Value,
    updating: String,
}

impl Format {
    /// The format of a content type, parameters left aside; none if it is neither.
    pub fn of_content_type(kind: &str) -> Option<Self> {
        let essence = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match essence.as_str() {
            "application/json" | "text/json" => Some(Self::Json),
            "application/xml" | "text/xml" => Some(Self::Xml),
            other if other.ends_with("+json") => Some(Self::Json),
            other if other.ends_with("+xml") => Some(Self::Xml),
            _ => None,
        }
    }

    /// The content type of a packet of this format.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
        }
    }

    /// Writes a value in this format; in XML as an element of name `root`.
    pub fn write(self, root: &str, value: &Value) -> Vec<u8> {
        match self {
            Self::Json => value.to_string().into_bytes(),
            Self::Xml => xml::write(root, value),
        }
    }
}

impl Service {
    /// Its name in packets.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dossiers => "DongBoHoSoMC",
            Self::Progress => "CapNhatTienDoHoSoMC",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        [Self::Dossiers, Self::Progress]
            .into_iter()
            .find(|service| service.name().eq_ignore_ascii_case(name))
    }
}

impl Envelope {
    /// Reads a body. A body that is a list alone is the list of records.
    ///
    /// # Errors
    /// `PACKET_UNREADABLE`, with the fields at fault if it could be read that far; `BATCH_SIZE`.
    pub fn read(format: Format, body: &[u8], address: &Address) -> Result<Self, Failure> {
        let value = parse(format, body)?;
        let nothing = Map::new();
        let (members, list) = match value {
            Value::Object(members) => (members, None),
            list @ Value::Array(_) => (nothing, Some(list)),
            _ => {
                let what = "the body is not an object with session, madonvi, service and data";
                return Err(Failure::new(Reason::PacketUnreadable, what));
            }
        };
        let mut violations = Violations::default();
        let unit = told(
            &members,
            &["madonvi", "MaDinhDanhDV"],
            address.unit.as_deref(),
        );
        if unit.is_empty() {
            let fix = "give the identification code of the sending unit, such as 000.17.22.H56";
            violations.add("madonvi", "it is missing", fix);
        }
        let service = service(&mut violations, &members, address);
        let data = list.or_else(|| fields::member(&members, "data").cloned());
        let records = match &data {
            Some(data) => fields::entries(&mut Violations::default(), data, "data").len(),
            None => 0,
        };
        if data.is_none() {
            violations.add(
                "data",
                "it is missing",
                "give a list with at least one record",
            );
        }
        let (Some(service), Some(data), true) = (service, data, violations.is_empty()) else {
            let list = violations.into_list();
            return Err(Failure::of_fields(Reason::PacketUnreadable, list));
        };
        if records > MOST_RECORDS {
            let what = format!("the packet has {records} records");
            return Err(Failure::new(Reason::BatchSize, what));
        }
        let updating = told(&members, &["isUpdating"], None);
        Ok(Self {
            format,
            unit,
            service,
            data,
            updating,
        })
    }

    /// A packet with one record alone, as the rejected log keeps it.
    pub fn with_only(&self, record: &Map<String, Value>) -> Vec<u8> {
        let alone = json!({
            "session": "",
            "madonvi": self.unit,
            "service": self.service.name(),
            "isUpdating": self.updating,
            "data": [record],
        });
        self.format.write(ROOT, &alone)
    }
}

fn parse(format: Format, body: &[u8]) -> Result<Value, Failure> {
    let unreadable = |what: String| Failure::new(Reason::PacketUnreadable, what);
    let text = std::str::from_utf8(body).map_err(|error| {
        unreadable(format!(
            "the body is not UTF-8 from byte {}",
            error.valid_up_to()
        ))
    })?;
    let text = text.trim_start_matches('\u{feff}');
    match format {
        Format::Json => serde_json::from_str(text)
            .map_err(|error| unreadable(format!("the body is not JSON: {error}"))),
        Format::Xml => {
            xml::read(text).map_err(|error| unreadable(format!("the body is not XML: {error}")))
        }
    }
}

/// The first of the members that says something, else what the address says.
fn told(members: &Map<String, Value>, names: &[&str], address: Option<&str>) -> String {
    names
        .iter()
        .filter_map(|name| fields::member(members, name).and_then(text_of))
        .find(|text| !text.is_empty())
        .or_else(|| address.map(str::to_owned))
        .unwrap_or_default()
}

fn service(
    violations: &mut Violations,
    members: &Map<String, Value>,
    address: &Address,
) -> Option<Service> {
    let fix = "give DongBoHoSoMC or CapNhatTienDoHoSoMC, in the body or at the end of the address";
    let name = told(members, &["service"], address.service.as_deref());
    let found = Service::of_name(&name);
    let of_path = address.service.as_deref();
    match found {
        None if name.is_empty() => violations.add("service", "it is missing", fix),
        None => violations.add("service", "it is not a service that is taken in", fix),
        Some(service) if of_path.is_some_and(|path| Service::of_name(path) != Some(service)) => {
            let fix = "name the same service in both, or in the body alone";
            violations.add("service", "it is not the one that the address names", fix);
        }
        Some(_) => {}
    }
    found
}
