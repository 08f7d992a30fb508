//! History that came from a file, as the journal keeps it: for a folder without a database, whose journal is all there is.
//!
//! A record holds a piece of an export twice: bare, without what is personal, and whole, sealed under the person's own
//! key. So an imported person is erased as any other is: the key goes, and what is left is what erasing leaves of a row.

use crate::exchange::line::{Line, OrphanLine, SuppressionLine};
use crate::operating::replay::event;
use crate::record::{Codec, ERASED, RecordError, Sealed};
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use std::collections::BTreeMap;
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, TenantId};
use trunkline_core::private::{Address, Private};
use trunkline_journal::keys::PersonId;
use trunkline_store::{CallHistory, EventRow, Import};

/// A record holds no more of a call's events than these bytes, or this one event: the journal takes none that is too long.
const EVENT_BYTES: usize = 2 << 20;

/// The form in the journal.
#[derive(Serialize, Deserialize)]
struct ImportedRecord {
    /// Without persons.
    bare: Line,
    /// With them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

/// The records of a piece of history. Blocks on the disk when a person is new.
pub(crate) fn records(codec: &Codec, import: &Import) -> Result<Vec<Vec<u8>>, RecordError> {
    let mut events: BTreeMap<CallId, Vec<EventRow>> = BTreeMap::new();
    for row in &import.events {
        events.entry(row.call).or_default().push(row.clone());
    }
    let mut records = Vec::new();
    for call in &import.calls {
        let person = codec.person(&call.tenant, call.party.person(call.direction));
        let mut chunks = chunks(events.remove(&call.id).unwrap_or_default()).into_iter();
        let first = CallHistory { call: call.clone(), events: chunks.next().unwrap_or_default() };
        let bare = CallHistory { call: bare_call(call), events: bare_events(&first.events) };
        records.push(sealed(codec, person, &Line::from(first), Line::from(bare))?);
        for chunk in chunks {
            records.extend(loose(codec, person, call.id, chunk)?);
        }
    }
    for (call, events) in events {
        // Whose they are nobody has said: as with any report of a call that is not known.
        let person = codec.person(&TenantId::default_tenant(), &Address::new(call.to_string()));
        for chunk in chunks(events) {
            records.extend(loose(codec, person, call, chunk)?);
        }
    }
    for suppression in &import.suppressions {
        let bare = Line::Suppression(SuppressionLine::from(suppression.clone()));
        records.push(serde_json::to_vec(&ImportedRecord { bare, sealed: None })?);
    }
    Ok(records)
}

/// A piece of history out of its record; of an erased person what is left.
pub(crate) fn open(codec: &Codec, payload: &[u8]) -> Result<Import, RecordError> {
    let ImportedRecord { bare, sealed } = serde_json::from_slice(payload)?;
    let line = match sealed.map(|sealed| codec.open(&sealed)).transpose()?.flatten() {
        Some(whole) => serde_json::from_slice(&whole)?,
        None => bare,
    };
    line.rows().map_err(|_| RecordError::Damaged)
}

/// A record as people read it: whole if there is a key for it.
pub(crate) fn shown(codec: &Codec, payload: &[u8]) -> Result<serde_json::Value, RecordError> {
    let ImportedRecord { bare, sealed } = serde_json::from_slice(payload)?;
    let is_sealed = sealed.is_some();
    match sealed.map(|sealed| codec.open(&sealed)).transpose()?.flatten() {
        Some(whole) => Ok(serde_json::from_slice(&whole)?),
        None => {
            let mut bare = serde_json::to_value(&bare)?;
            if is_sealed {
                bare["erased"] = true.into();
            }
            Ok(bare)
        }
    }
}

/// Of which calls a piece of history is.
pub(crate) fn calls_of(import: &Import) -> impl Iterator<Item = CallId> + '_ {
    import.calls.iter().map(|call| call.id).chain(import.events.iter().map(|event| event.call))
}

fn loose(
    codec: &Codec,
    person: PersonId,
    call: CallId,
    events: Vec<EventRow>,
) -> Result<Option<Vec<u8>>, RecordError> {
    let bare = bare_events(&events);
    let line = |events| OrphanLine::new(call, events).map(Line::Orphans);
    match (line(events), line(bare)) {
        (Some(whole), Some(bare)) => sealed(codec, person, &whole, bare).map(Some),
        // Nothing of them can be told without what is personal, or there are none.
        (Some(_) | None, _) => Ok(None),
    }
}

fn sealed(codec: &Codec, person: PersonId, whole: &Line, bare: Line) -> Result<Vec<u8>, RecordError> {
    let sealed = Some(codec.seal(person, &serde_json::to_vec(whole)?)?);
    Ok(serde_json::to_vec(&ImportedRecord { bare, sealed })?)
}

fn bare_call(call: &Call) -> Call {
    let mut bare = call.clone();
    bare.forget_person();
    bare
}

/// The events without what is personal; those of which nobody can tell what is, are left out.
fn bare_events(rows: &[EventRow]) -> Vec<EventRow> {
    let bare = |row: &EventRow| {
        let mut row = row.clone();
        if row.kind != ERASED {
            let mut event = event(&row)?;
            if event.what.take_personal().is_some() {
                row.body = Private::new(to_raw_value(&event.what).ok()?);
            }
        }
        Some(row)
    };
    rows.iter().filter_map(bare).collect()
}

fn chunks(events: Vec<EventRow>) -> Vec<Vec<EventRow>> {
    let (mut chunks, mut bytes) = (Vec::<Vec<EventRow>>::new(), usize::MAX);
    for event in events {
        let more = event.body.reveal().get().len();
        match chunks.last_mut() {
            Some(chunk) if bytes.saturating_add(more) <= EVENT_BYTES => {
                bytes += more;
                chunk.push(event);
            }
            Some(_) | None => {
                bytes = more;
                chunks.push(vec![event]);
            }
        }
    }
    chunks
}
