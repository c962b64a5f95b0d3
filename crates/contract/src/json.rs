//! Any message of the contract as JSON and back, by the proto JSON mapping.

use crate::DESCRIPTORS;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use std::sync::OnceLock;

/// Why JSON does not become a message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No message of that name, or the descriptors do not load.
    #[error("there is no message {0}")]
    UnknownMessage(String),
    /// The bytes or the JSON do not fit the message.
    #[error("not a {message}: {what}")]
    DoesNotFit {
        /// Full name of the message.
        message: String,
        /// What the decoder said.
        what: String,
    },
}

/// JSON of an encoded message, camelCase, defaults left out.
///
/// # Errors
/// If the name is unknown or the bytes do not decode.
pub fn from_bytes(message: &str, bytes: &[u8]) -> Result<serde_json::Value, Error> {
    let dynamic = DynamicMessage::decode(descriptor(message)?, bytes)
        .map_err(|error| does_not_fit(message, &error))?;
    let options = SerializeOptions::new().stringify_64_bit_integers(false);
    dynamic
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| does_not_fit(message, &error))
}

/// Text on one line, for others than ourselves: 64-bit numbers are text, as the mapping has them.
///
/// # Errors
/// If the name is unknown or the bytes do not decode.
pub fn text_of_bytes(message: &str, bytes: &[u8]) -> Result<String, Error> {
    let dynamic = DynamicMessage::decode(descriptor(message)?, bytes)
        .map_err(|error| does_not_fit(message, &error))?;
    let options = SerializeOptions::new();
    let mut text = Vec::with_capacity(bytes.len() * 2);
    dynamic
        .serialize_with_options(&mut serde_json::Serializer::new(&mut text), &options)
        .map_err(|error| does_not_fit(message, &error))?;
    String::from_utf8(text).map_err(|error| does_not_fit(message, &error))
}

/// JSON of a generated message; `message` is its full name.
///
/// # Errors
/// If the name is not that of the message.
pub fn of(message: &str, value: &impl prost::Message) -> Result<serde_json::Value, Error> {
    from_bytes(message, &value.encode_to_vec())
}

/// The encoded message that JSON stands for. Unknown fields are refused by name.
///
/// # Errors
/// If the name is unknown or the JSON does not fit.
pub fn to_bytes(message: &str, json: &str) -> Result<Vec<u8>, Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let dynamic = DynamicMessage::deserialize(descriptor(message)?, &mut deserializer)
        .and_then(|dynamic| deserializer.end().map(|()| dynamic))
        .map_err(|error| does_not_fit(message, &error))?;
    Ok(prost::Message::encode_to_vec(&dynamic))
}

/// The descriptor of a message.
///
/// # Errors
/// If the name is unknown or the descriptors do not load.
pub(crate) fn descriptor(message: &str) -> Result<prost_reflect::MessageDescriptor, Error> {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| DescriptorPool::decode(DESCRIPTORS).unwrap_or_default())
        .get_message_by_name(message)
        .ok_or_else(|| Error::UnknownMessage(message.to_owned()))
}

fn does_not_fit(message: &str, error: &dyn std::fmt::Display) -> Error {
    Error::DoesNotFit {
        message: message.to_owned(),
        what: error.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::pb::event::v1::Position;

    #[test]
    fn a_message_survives_json_there_and_back() {
        let position = Position {
            partition: 3,
            offset: 70_000_000_000,
        };
        let json = of("lienthong.event.v1.Position", &position).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"partition": 3, "offset": 70_000_000_000_u64})
        );
        let bytes = to_bytes("lienthong.event.v1.Position", &json.to_string()).unwrap();
        assert_eq!(
            <Position as prost::Message>::decode(&bytes[..]).unwrap(),
            position
        );
    }

    #[test]
    fn an_unknown_field_is_refused_by_name() {
        let error = to_bytes("lienthong.event.v1.Position", r#"{"offzet": 1}"#).unwrap_err();
        assert!(error.to_string().contains("offzet"), "{error}");
    }
}
