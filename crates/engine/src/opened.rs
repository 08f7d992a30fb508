//! The journal as people read it: each record as JSON, what is sealed opened where its key is at hand.

use crate::imported;
use crate::record::{Codec, Decoded, EventRecord, kind};
use serde_json::{Value, json};
use std::sync::Arc;
use trunkline_journal::Record;
use trunkline_journal::keys::KeyRing;

/// Reads records of one folder. Without keys what is sealed stays sealed.
pub struct RecordReader {
    codec: Option<Codec>,
}

impl RecordReader {
    /// A reader with the folder's keys, or without any.
    pub fn new(keys: Option<KeyRing>) -> Self {
        // Only the writing of a new person needs the folder's salt.
        Self { codec: keys.map(|keys| Codec::new(Arc::new(keys), [0; 32])) }
    }

    /// A record as JSON, with its place. What can't be read is told beside its length.
    pub fn read(&self, record: &Record) -> Value {
        let content = match &self.codec {
            Some(codec) => self::opened(codec, record),
            None => serde_json::from_slice(&record.payload).map_err(|error| error.to_string()),
        };
        let mut line = json!({
            "lsn": record.lsn,
            "kind": word(record.kind),
            "segment": record.at.segment,
            "offset": record.at.offset,
        });
        match content {
            Ok(content) => line["record"] = content,
            Err(error) => {
                line["unreadable"] = error.into();
                line["bytes"] = record.payload.len().into();
            }
        }
        line
    }
}

fn opened(codec: &Codec, record: &Record) -> Result<Value, String> {
    let bare = || serde_json::from_slice::<Value>(&record.payload).map_err(|error| error.to_string());
    if record.kind == kind::IMPORTED {
        return imported::shown(codec, &record.payload).map_err(|error| error.to_string());
    }
    if record.kind != kind::EVENT {
        return bare();
    }
    match codec.decode(record.kind, &record.payload).map_err(|error| error.to_string())? {
        Decoded::Event { event, tenant, refused } => {
            let still_sealed = serde_json::from_slice::<EventRecord<'_>>(&record.payload)
                .is_ok_and(|record| codec.is_erased(&record));
            let mut line = json!({ "tenant": tenant, "event": event });
            if let Some(refused) = refused {
                line["refused"] = json!(refused);
            }
            if still_sealed {
                line["erased"] = true.into();
            }
            Ok(line)
        }
        Decoded::Suppressed(_)
        | Decoded::Script(_)
        | Decoded::Bot(_)
        | Decoded::Decision(_)
        | Decoded::Erased(_)
        | Decoded::Adopted(_)
        | Decoded::Imported(_)
        | Decoded::Pruned(_)
        | Decoded::Unknown(_) => bare(),
    }
}

fn word(number: u8) -> Value {
    match number {
        kind::EVENT => "event".into(),
        kind::SUPPRESSED => "suppressed".into(),
        kind::SCRIPT => "script".into(),
        kind::BOT => "bot".into(),
        kind::DECISION => "decision".into(),
        kind::ERASED => "erased".into(),
        kind::ADOPTED => "adopted".into(),
        kind::IMPORTED => "imported".into(),
        kind::PRUNED => "pruned".into(),
        other => other.into(),
    }
}
