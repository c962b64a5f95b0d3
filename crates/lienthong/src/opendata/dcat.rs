//! The catalogue entry of the data set: DCAT 3 (W3C) as JSON-LD.

use super::{ANSWER, Publication, TABLE, TABLE_METADATA, Written};
use crate::words::millis;
use lienthong_contract::pb::performance::v1::{GetPerformanceRequest, GetPerformanceResponse};
use serde_json::{Value, json};

/// The whole country, as the EU's list of countries names it.
const VIET_NAM: &str = "http://publications.europa.eu/resource/authority/country/VNM";
/// The list from which unit codes are.
const UNIT_SCHEME: &str = "General Statistics Office, codes of administrative units";

/// The catalogue that holds the data set.
pub fn describe(
    request: &GetPerformanceRequest,
    answer: &GetPerformanceResponse,
    publication: &Publication,
    files: &[Written],
) -> Value {
    let at = |name: &str| address(publication, name);
    let publisher = publisher(publication);
    let issued = date_time(publication.issued_ms);
    let distributions = files
        .iter()
        .filter_map(|file| distribution(file, publication));
    let version = answer.freshness.as_ref();
    let dataset = json!({
        "@id": at("#performance"),
        "@type": "dcat:Dataset",
        "dct:identifier": identifier(request),
        "dct:title": {"@value": publication.title, "@language": "en"},
        "dct:description": {"@value": description(request, answer), "@language": "en"},
        "dct:publisher": publisher,
        "dct:license": {"@id": publication.license},
        "dct:issued": issued,
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": {"@type": "xsd:date", "@value": request.from_day},
            "dcat:endDate": {"@type": "xsd:date", "@value": request.to_day},
        },
        "dct:spatial": place(request),
        "dcat:version": version.map_or("", |fresh| &fresh.reference_version),
        "dcat:keyword": [
            {"@value": "administrative procedures", "@language": "en"},
            {"@value": "thủ tục hành chính", "@language": "vi"},
        ],
        "dcat:distribution": distributions.collect::<Vec<Value>>(),
    });
    json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "skos": "http://www.w3.org/2004/02/skos/core#",
            "spdx": "http://spdx.org/rdf/terms#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": at(""),
        "@type": "dcat:Catalog",
        "dct:title": {"@value": publication.title, "@language": "en"},
        "dct:publisher": publisher,
        "dct:issued": issued,
        "dcat:dataset": [dataset],
    })
}

/// A distribution of the data set; none of what only describes one.
fn distribution(file: &Written, publication: &Publication) -> Option<Value> {
    let (media_type, conforms_to, title) = match file.name {
        TABLE => (
            "text/csv",
            vec![
                "https://www.rfc-editor.org/info/rfc4180".to_owned(),
                "https://www.w3.org/TR/tabular-data-model/".to_owned(),
                address(publication, TABLE_METADATA),
            ],
            "A row a line, a column a figure",
        ),
        ANSWER => (
            "application/json",
            vec!["https://protobuf.dev/programming-guides/json/".to_owned()],
            "The answer with its freshness",
        ),
        _ => return None,
    };
    let conforms_to = conforms_to.iter().map(|one| json!({"@id": one}));
    Some(json!({
        "@id": address(publication, &format!("#{}", file.name)),
        "@type": "dcat:Distribution",
        "dct:title": {"@value": title, "@language": "en"},
        "dct:license": {"@id": publication.license},
        "dct:issued": date_time(publication.issued_ms),
        "dcat:accessURL": {"@id": address(publication, file.name)},
        "dcat:downloadURL": {"@id": address(publication, file.name)},
        "dcat:mediaType": {
            "@id": format!("https://www.iana.org/assignments/media-types/{media_type}"),
        },
        "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": file.bytes.to_string()},
        "dct:conformsTo": conforms_to.collect::<Vec<Value>>(),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": file.sha256},
        },
    }))
}

fn publisher(publication: &Publication) -> Value {
    let mut agent = json!({"@type": "foaf:Agent", "foaf:name": publication.publisher});
    if let Some(url) = &publication.publisher_url {
        agent["foaf:homepage"] = json!({"@id": url});
    }
    agent
}

/// Tells one question from another; the same question gives the same.
fn identifier(request: &GetPerformanceRequest) -> String {
    let filter = request.filter.clone().unwrap_or_default();
    let basis = request.basis.as_ref().map_or("", |basis| &basis.units_of);
    let mut parts = vec!["performance", &request.from_day, &request.to_day];
    let (by, level, channel) = (
        request.group_by().as_str_name().to_ascii_lowercase(),
        filter.level().as_str_name().to_ascii_lowercase(),
        filter.channel().as_str_name().to_ascii_lowercase(),
    );
    parts.push(&by);
    let optional = [
        filter.unit_code.as_str(),
        &filter.agency_code,
        &filter.procedure_code,
        &filter.field_code,
        basis,
    ];
    parts.extend(optional.into_iter().filter(|part| !part.is_empty()));
    for named in [&level, &channel] {
        if !named.ends_with("_unspecified") {
            parts.push(named);
        }
    }
    parts.join(":")
}

fn description(request: &GetPerformanceRequest, answer: &GetPerformanceResponse) -> String {
    let until = millis(&answer.as_of_time).map_or(String::new(), |until| {
        format!(" Facts counted until {}.", iso(until))
    });
    let basis = request
        .basis
        .as_ref()
        .filter(|basis| !basis.units_of.is_empty());
    let basis = basis.map_or("as it was when each fact happened".to_owned(), |basis| {
        format!("under the administrative units of {}", basis.units_of)
    });
    format!(
        "How administrative procedures were settled from {} to {}: received, settled early, on time \
         and late, in work, paused, and the shares that Decision 766/QD-TTg reports, each with \
         numerator and denominator; {basis}.{until}",
        request.from_day, request.to_day
    )
}

fn place(request: &GetPerformanceRequest) -> Value {
    let unit = request
        .filter
        .as_ref()
        .map_or("", |filter| &filter.unit_code);
    if unit.is_empty() {
        return json!({"@id": VIET_NAM, "@type": "dct:Location"});
    }
    json!({
        "@type": "dct:Location",
        "dct:identifier": unit,
        "skos:inScheme": UNIT_SCHEME,
        "dct:isPartOf": {"@id": VIET_NAM},
    })
}

fn address(publication: &Publication, name: &str) -> String {
    match &publication.base_url {
        Some(base) => format!("{}/{name}", base.trim_end_matches('/')),
        None => name.to_owned(),
    }
}

fn date_time(millis: i64) -> Value {
    json!({"@type": "xsd:dateTime", "@value": iso(millis)})
}

fn iso(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| String::new(), |time| time.to_string())
}
