//! The demo in which people have voices (`demos/voice`): flite speaks, whisper hears, and between the two is the real program.

use serde_json::Value;
use std::ffi::OsStr;
use std::process::Command;

/// What it reported, and what it left to listen to.
fn demo(flite: &OsStr) -> (Value, Vec<u8>) {
    let python = std::env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("call.wav");
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../demos/voice/demo.py"));
    command.args(["--server", env!("CARGO_BIN_EXE_trunkline"), "--json", "--flite"]).arg(flite);
    let ran = command.arg("--wav").arg(&wav).output().unwrap();
    let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{printed}{}", String::from_utf8_lossy(&ran.stderr));
    (serde_json::from_str(&printed).unwrap(), std::fs::read(wav).unwrap())
}

/// How many of these samples can be heard, of one of two channels.
fn loud(wav: &[u8], channel: usize) -> usize {
    let samples =
        wav[44..].chunks_exact(4).map(|pair| i16::from_le_bytes([pair[2 * channel], pair[2 * channel + 1]]));
    samples.filter(|sample| sample.unsigned_abs() > 1_000).count()
}

#[test]
#[ignore = "needs Python with whisper, and flite; cargo xtask test runs it"]
fn somebody_with_a_voice_is_understood_and_the_transcript_says_what_they_said() {
    let Some(flite) = std::env::var_os("TRUNKLINE_TEST_FLITE") else {
        eprintln!("not told: there are no voices here (on Debian, apt-get install flite)");
        return;
    };
    let (report, wav) = demo(&flite);
    assert!(report["words"].as_u64() > Some(30), "{report}");
    assert!(report["word_error_rate"].as_f64().is_some_and(|rate| rate <= 0.1), "{report}");
    assert_eq!(
        (&report["outcome"], &report["appointment"]),
        (&"confirmed".into(), &"confirmed".into()),
        "{report}"
    );
    // Both speak for seconds, in a WAV of two channels.
    assert_eq!((&wav[..4], wav[22]), (&b"RIFF"[..], 2));
    let heard = [0, 1].map(|channel| loud(&wav, channel));
    assert!(heard.iter().all(|samples| *samples > 8_000), "{heard:?} samples can be heard");
}
