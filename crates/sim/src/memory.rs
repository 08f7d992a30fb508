//! A memory over restarts: one line of JSON for every call made, every call ended and every recording.
//!
//! The file answers "was anybody called twice" over the life of several simulator processes. Calls that were live
//! when a process died are ended as failed by the next one, without a status callback, as a carrier's crash would.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::call::{CallRecord, CallStatus, Direction};
use crate::ids::CallSid;
use crate::recordings::Recordings;
use crate::recordings::{RecordingRecord, RecordingSource};
use crate::register::{Register, new_record};

#[derive(Serialize, Deserialize)]
#[serde(tag = "was", rename_all = "snake_case")]
enum Line {
    Created {
        sid: String,
        parent: Option<String>,
        to: String,
        from: String,
        direction: Direction,
        at: Timestamp,
    },
    Ended {
        sid: String,
        status: CallStatus,
        duration_secs: u32,
        sip_code: Option<u16>,
        at: Timestamp,
    },
    Recorded {
        sid: String,
        call: String,
        secs: u32,
        source: RecordingSource,
        at: Timestamp,
    },
}

/// The file, or nothing.
#[derive(Default)]
pub(crate) struct Memory(Option<Mutex<File>>);

impl Memory {
    /// Opens the file and fills the register with what it tells.
    pub(crate) fn open(
        path: &Path,
        register: &Register,
        recordings: &Recordings,
        now: Timestamp,
    ) -> io::Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let (calls, orphans) = recall(&text, recordings, now);
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            // The last process died in the middle of a line; end it so that ours stays readable.
            file.write_all(b"\n")?;
        }
        let memory = Self(Some(Mutex::new(file)));
        calls.into_iter().for_each(|call| register.remember(call));
        for sid in orphans {
            if let Some(call) = register.get(&sid) {
                memory.ended(&call);
            }
        }
        Ok(memory)
    }

    pub(crate) fn created(&self, call: &CallRecord) {
        self.write(&Line::Created {
            sid: call.sid.to_string(),
            parent: call.parent.as_ref().map(ToString::to_string),
            to: call.to.clone(),
            from: call.from.clone(),
            direction: call.direction,
            at: call.created_at,
        });
    }

    pub(crate) fn ended(&self, call: &CallRecord) {
        self.write(&Line::Ended {
            sid: call.sid.to_string(),
            status: call.status,
            duration_secs: call.duration_secs.unwrap_or(0),
            sip_code: call.sip_code,
            at: call.ended_at.unwrap_or(call.created_at),
        });
    }

    pub(crate) fn recorded(&self, recording: &RecordingRecord) {
        self.write(&Line::Recorded {
            sid: recording.sid.to_string(),
            call: recording.call.to_string(),
            secs: recording.secs,
            source: recording.source,
            at: recording.started_at,
        });
    }

    fn write(&self, line: &Line) {
        let Some(file) = &self.0 else { return };
        let Ok(mut text) = serde_json::to_string(line) else { return };
        text.push('\n');
        if let Err(error) = file.lock().write_all(text.as_bytes()) {
            tracing::warn!(%error, "the state file could not be written");
        }
    }
}

/// Reads the lines: all calls, ended, and which of them had no end of their own.
fn recall(text: &str, recordings: &Recordings, now: Timestamp) -> (Vec<CallRecord>, Vec<CallSid>) {
    let mut calls: Vec<CallRecord> = Vec::new();
    let mut places = std::collections::HashMap::new();
    // A line that cannot be read is the torn last one of a process that was killed.
    for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        match line {
            Line::Created { sid, parent, to, from, direction, at } => {
                places.insert(sid.clone(), calls.len());
                let mut call = new_record(sid.into(), direction, (&from, &to), at);
                call.parent = parent.map(CallSid::from);
                call.started_at = Some(at);
                calls.push(call);
            }
            Line::Ended { sid, status, duration_secs, sip_code, at } => {
                if let Some(call) = places.get(&sid).and_then(|place| calls.get_mut(*place)) {
                    end(call, status, at);
                    call.duration_secs = Some(duration_secs);
                    call.sip_code = sip_code;
                }
            }
            Line::Recorded { sid, call, secs, source, at } => recordings.add(RecordingRecord {
                sid: sid.into(),
                call: call.into(),
                secs,
                source,
                started_at: at,
                media_from: at,
            }),
        }
    }
    let mut orphans = Vec::new();
    for call in calls.iter_mut().filter(|call| !call.status.is_final()) {
        end(call, CallStatus::Failed, now);
        call.duration_secs = Some(0);
        orphans.push(call.sid.clone());
    }
    (calls, orphans)
}

fn end(call: &mut CallRecord, status: CallStatus, at: Timestamp) {
    call.status = status;
    call.ended_at = Some(at);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_restarted_simulator_remembers_whom_it_called_and_fails_what_was_live() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.jsonl");
        let open =
            |register: &Register| Memory::open(&path, register, &Recordings::default(), at(500)).unwrap();

        let memory = open(&Register::default());
        for (sid, to) in [("CA1", "+1555"), ("CA2", "+1666")] {
            memory.created(&new_record(sid.into(), Direction::OutboundApi, ("+1500", to), at(100)));
        }
        let mut ended = new_record("CA1".into(), Direction::OutboundApi, ("+1500", "+1555"), at(100));
        end(&mut ended, CallStatus::Completed, at(130));
        ended.duration_secs = Some(30);
        memory.ended(&ended);
        drop(memory);
        let mut torn = OpenOptions::new().append(true).open(&path).unwrap();
        torn.write_all(b"{\"was\":\"crea").unwrap();

        for _ in 0..2 {
            let register = Register::default();
            open(&register);
            assert_eq!(
                register.dialed().into_iter().collect::<Vec<_>>(),
                [("+1555".into(), 1), ("+1666".into(), 1)]
            );
            let states: Vec<_> =
                register.all(None).iter().map(|call| (call.status, call.duration_secs)).collect();
            assert_eq!(states, [(CallStatus::Completed, Some(30)), (CallStatus::Failed, Some(0))]);
            assert_eq!(register.next_turn(Direction::OutboundApi, "+1555"), 1, "ids are not given twice");
        }
    }
}
