//! Any message of the API as JSON (the canonical protobuf mapping), and back.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

use crate::DESCRIPTORS;

static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).expect("the build wrote valid descriptors"));

/// A JSON value that is not the message it should be.
#[derive(Debug)]
pub struct BadJson(String);

impl std::fmt::Display for BadJson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadJson {}

/// The message as canonical protobuf JSON with the field names of the `.proto` files; fields at their default are left out.
pub fn to_json<M: Message + Name>(message: &M) -> serde_json::Value {
    let descriptor = POOL.get_message_by_name(&M::full_name()).expect("every message of the API is in its descriptors");
    let mut dynamic = DynamicMessage::new(descriptor);
    dynamic.transcode_from(message).expect("a message fits its own descriptor");
    let options = SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false);
    dynamic.serialize_with_options(serde_json::value::Serializer, &options).expect("canonical JSON of a valid message")
}

/// The message that the JSON value describes; unknown fields are refused.
pub fn from_json<M: Message + Name + Default>(value: serde_json::Value) -> Result<M, BadJson> {
    let descriptor = POOL.get_message_by_name(&M::full_name()).expect("every message of the API is in its descriptors");
    let dynamic = DynamicMessage::deserialize(descriptor, value).map_err(|e| BadJson(e.to_string()))?;
    dynamic.transcode_to().map_err(|e| BadJson(e.to_string()))
}

/// The names of the facts that an event message may carry, as `handoff_submitted`: the members of its `kind`, in order. None for a
/// message that is no event.
pub fn facts_of(event_message: &str) -> Vec<String> {
    let event = POOL.get_message_by_name(event_message);
    let kind = event.and_then(|event| event.oneofs().find(|oneof| oneof.name() == "kind"));
    kind.map(|kind| kind.fields().map(|field| field.name().to_owned()).collect()).unwrap_or_default()
}
