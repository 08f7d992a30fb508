//! S-02: what the carrier said once, sent again at any later moment: answered, and without effect. A signature has no
//! time in it, so that nothing else keeps a captured request from being true for ever.

use super::{SID, Watched};
use crate::house::{ACCOUNT, Opening, eventually};
use jiff::SignedDuration;
use trunkline_core::call::Limits;

/// When a webhook is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    AtOnce,
    TwiceAtOnce,
    AfterTheNext,
    AfterTheEnd,
    AfterItLeftMemory,
    AfterAnHour,
}

struct Hook {
    name: &'static str,
    target: &'static str,
    status: &'static str,
    more: Vec<(&'static str, &'static str)>,
}

impl Hook {
    fn form(&self) -> Vec<(&'static str, &'static str)> {
        let mut form = vec![
            ("AccountSid", ACCOUNT),
            ("CallSid", SID),
            ("CallStatus", self.status),
            ("Direction", "inbound"),
            ("From", "+15550100123"),
            ("To", "+15005550006"),
        ];
        form.extend_from_slice(&self.more);
        form
    }

    async fn is_sent(&self, watched: &Watched, when: Moment) {
        let answer = watched.house.webhook(self.target, &self.form()).await;
        assert!(answer.status < 300, "{}, {when:?}: {}", self.name, answer.status);
    }
}

/// A call from its beginning to its end, as the carrier tells it.
fn a_whole_call() -> Vec<Hook> {
    let hook = |name, target, status, more: &[(&'static str, &'static str)]| Hook {
        name,
        target,
        status,
        more: more.to_vec(),
    };
    let recorded = |sid, url| [("RecordingSid", sid), ("RecordingUrl", url), ("RecordingDuration", "3")];
    let first = recorded("RE00000000000000000000000000000001", "http://x.example/RE1");
    let second = recorded("RE00000000000000000000000000000002", "http://x.example/RE2");
    let stored = [&first[..], &[("RecordingStatus", "completed")]].concat();
    vec![
        hook("it rings", "/status", "ringing", &[("SequenceNumber", "0")]),
        hook("the first fetch", "/answer", "in-progress", &[]),
        hook("the first page", "/voice?q=0", "in-progress", &[]),
        hook("it is answered", "/status", "in-progress", &[("SequenceNumber", "1")]),
        hook("a human took it", "/amd", "in-progress", &[("AnsweredBy", "human")]),
        hook("the first answer", "/voice?q=1", "in-progress", &first),
        hook("a recording is stored", "/recording", "in-progress", &stored),
        hook(
            "a transcription",
            "/transcription",
            "in-progress",
            &[
                ("TranscriptionText", "fine"),
                ("TranscriptionStatus", "completed"),
                ("TranscriptionSid", "TR00000000000000000000000000000001"),
                first[0],
            ],
        ),
        hook("a page that was lost", "/fallback", "in-progress", &[("ErrorCode", "11200")]),
        hook("the last answer", "/voice?q=2", "in-progress", &second),
        hook("it ends", "/status", "completed", &[("SequenceNumber", "2"), ("CallDuration", "20")]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn s_02_a_true_webhook_sent_again_at_any_moment_changes_nothing() {
    // An hour is a few seconds here: nothing else may come of that.
    let call_limits = Limits { ring_timeout_secs: 86_400, time_limit_secs: 86_400, ..Limits::default() };
    let watched = Watched::open(Opening { speed: 1_200.0, call_limits, ..Opening::default() }).await;
    let hooks = a_whole_call();
    let mut cases = 0;
    for (n, hook) in hooks.iter().enumerate() {
        hook.is_sent(&watched, Moment::AtOnce).await;
        let (facts, records) = (watched.facts(SID).await, watched.records());
        hook.is_sent(&watched, Moment::AtOnce).await;
        tokio::join!(
            hook.is_sent(&watched, Moment::TwiceAtOnce),
            hook.is_sent(&watched, Moment::TwiceAtOnce)
        );
        if let Some(before) = n.checked_sub(1) {
            hooks[before].is_sent(&watched, Moment::AfterTheNext).await;
        }
        assert_eq!(watched.facts(SID).await, facts, "{}", hook.name);
        assert_eq!(watched.records(), records, "{}: nothing is written down twice", hook.name);
        cases += 2 + n.min(1);
    }
    let over = watched.facts(SID).await;
    assert_eq!((&over[0]["state"], &over[0]["answer_count"]), (&"ended".into(), &2.into()), "{over}");
    let ended = watched.house.engine.now();
    for when in [Moment::AfterTheEnd, Moment::AfterItLeftMemory, Moment::AfterAnHour] {
        match when {
            Moment::AfterItLeftMemory => {
                eventually("it is history", async || {
                    (watched.house.engine.health().await.lag_events == 0).then_some(())
                })
                .await;
            }
            Moment::AfterAnHour => {
                let hour = ended + SignedDuration::from_hours(1);
                eventually("an hour is over", async || (watched.house.engine.now() > hour).then_some(()))
                    .await;
            }
            _ => {}
        }
        for hook in &hooks {
            for _ in 0..3 {
                hook.is_sent(&watched, when).await;
            }
            assert_eq!(watched.facts(SID).await, over, "{}, {when:?}", hook.name);
            cases += 1;
        }
    }
    assert_eq!(cases, 65);
    assert!(watched.house.sim.dialed().is_empty(), "nobody was called");
}
