//! The other carrier: stories that are told of Twilio elsewhere in here, told once more of Telnyx, word by word. A carrier
//! is another mouth of the same world, so the same people, faults and restarts must end in the same records.
//!
//! To tell another one of both: name it below. A story that speaks a carrier's language itself (its URLs, its signatures)
//! is told where that language is tested.

use jiff::SignedDuration;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use trunkline_engine::Clock;
use trunkline_sim::{Habit, Mouth, WebhookKind, sign_telnyx};

use crate::day::{Day, OURS, TOKEN, through};

macro_rules! on_telnyx {
    ($($module:ident $(of $room:ident)?: [$($story:ident),+ $(,)?],)+) => {
        $(mod $module {
            use crate::$($room::)?$module as told;

            $(#[test]
            fn $story() {
                crate::day::through(trunkline_sim::Mouth::Telnyx, told::$story);
            })+
        })+
    };
}

on_telnyx! {
    ends: [
        each_way_a_phone_is_not_answered_has_its_own_name,
        a_phone_that_rang_is_told_from_one_that_did_not,
        a_call_can_be_ended_while_it_rings,
        a_call_can_be_ended_while_a_person_talks,
        a_call_can_be_ended_before_it_was_begun,
        ending_a_call_that_is_over_tells_how_it_had_ended,
        a_call_that_lasts_too_long_is_cut,
    ],
    callbacks: [
        a_day_without_faults_comes_out_right,
        a_day_without_any_callback_comes_out_right,
        a_day_with_every_callback_three_times_comes_out_right,
        a_day_with_late_callbacks_comes_out_right,
        a_day_with_reordered_callbacks_comes_out_right,
        the_end_alone_may_be_lost_and_is_found_within_two_minutes,
        a_voice_document_asked_for_twice_at_once_is_one_step,
    ],
    lost: [
        with_every_callback_lost_each_call_ends_with_the_carriers_own_facts,
        after_a_restart_live_calls_obey_and_ended_ones_have_the_carriers_facts,
    ],
    reconcile: [
        whatever_the_carrier_answers_a_person_is_called_at_most_once_and_the_end_is_true,
        a_call_that_only_the_carriers_list_knows_is_found_there,
        a_call_that_turns_up_after_it_was_given_up_is_taken_back_not_made_again,
        a_storm_of_429_delays_a_call_and_uses_up_no_attempt,
        a_number_the_carrier_refuses_is_told_as_such_and_never_called,
        slow_answers_of_the_carrier_change_nothing,
    ],
    inbound: [
        who_calls_us_is_asked_the_script_of_the_number,
        who_calls_us_when_there_is_no_room_is_told_so,
        who_calls_us_and_is_cut_off_by_a_restart_is_asked_on,
    ],
    machines: [
        a_machine_and_a_fax_are_hung_up_on_and_a_person_is_not,
        a_machine_hears_the_message_a_fax_nothing_and_a_person_the_script,
        who_is_judged_late_to_be_a_machine_is_hung_up_on_then,
        a_verdict_after_the_end_is_kept_with_the_call,
        nothing_is_said_before_it_is_known_who_answered,
        who_is_never_judged_hears_the_script_whatever_the_policy,
    ],
    hold: [
        whoever_was_on_hold_is_asked_the_open_question_again_and_no_answer_is_lost,
        who_hangs_up_on_hold_has_hung_up,
        a_call_can_be_held_before_its_first_answer_and_twice,
        a_call_on_hold_can_be_ended,
        what_the_carrier_does_not_do_at_once_is_done_with_the_next_page,
        what_the_carrier_never_does_is_given_up_and_leaves_the_call_as_it_was,
        whoever_is_on_hold_hears_the_music_that_is_set_and_goes_on_by_itself_in_the_end,
    ],
    transfer: [
        where_nobody_takes_it_the_person_hears_so_and_the_script_goes_on,
        a_hang_up_of_either_at_any_moment_ends_it_all,
        callbacks_of_the_other_leg_that_are_lost_doubled_or_late_make_the_same_record,
        somebody_who_calls_us_can_be_put_through_too,
        of_transfers_at_once_one_is_done,
    ],
    attended: [
        who_takes_the_call_talks_and_one_call_is_shown_with_both_legs,
        where_nobody_takes_it_the_person_comes_back_to_the_script,
        a_hang_up_of_either_at_any_moment_leaves_nothing_stuck,
    ],
    limits: [
        no_more_calls_are_live_than_allowed_and_a_freed_slot_is_used_at_once,
        the_same_person_is_never_called_twice_at_once,
    ],
    durability: [
        answers_given_while_the_database_is_down_are_kept,
        a_server_killed_three_times_in_mid_questionnaire_loses_no_answer_and_calls_nobody_twice,
        a_call_that_ended_while_nobody_was_there_is_closed_after_the_restart,
        a_power_cut_while_the_carrier_is_asked_to_dial_calls_nobody_twice,
        calls_that_were_live_are_adopted_and_obey_after_a_restart,
        a_server_told_to_stop_during_calls_loses_nothing,
    ],
    talking of bots: [
        a_caller_talks_with_a_bot_and_every_word_is_kept,
        who_speaks_up_is_listened_to_and_the_transcript_ends_where_the_bot_was_cut_off,
        keys_that_a_caller_presses_are_told_to_the_bot,
    ],
    ending of bots: [who_hangs_up_in_mid_sentence_has_heard_no_more_than_was_said_and_the_model_is_let_go],
    strangers of bots: [a_stream_that_was_replaced_is_lost_and_does_not_end_the_bot_of_the_one_after_it],
    appointments of bots: [
        s4_5_an_appointment_is_confirmed_by_its_tool_and_not_by_words,
        s4_21_an_appointment_is_moved_to_a_free_time_and_not_to_one_that_is_taken,
        a_caller_who_wants_a_person_is_put_through_to_the_list,
    ],
    campaigns of bots: [a_campaigns_bot_talks_to_each_and_every_job_ends_by_what_came_of_it],
}

const ANN: &str = "+15550100901";

#[test]
fn a_call_through_telnyx_says_so_and_its_answers_are_recordings_that_can_be_heard() {
    through(Mouth::Telnyx, || {
        let day = Day::begin();
        day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
        let call = day.call(ANN);
        let ended = day.ended(&call);
        assert_eq!(
            (&ended["disposition"], &ended["carrier"]),
            (&json!("completed"), &json!("telnyx")),
            "{ended}"
        );
        assert_eq!(day.answers(&call), ["Ann", "Tuesday", "no"]);
        assert_eq!(day.heard_by(ANN).last().map(String::is_empty), Some(false), "good-bye was said");
        day.until("the sound of the first answer is kept", |day| {
            let sound = day.get(&format!("/api/calls/{call}/recordings/0"));
            (sound.status == 200 && sound.body.starts_with(b"RIFF")).then_some(())
        });
    });
}

#[test]
fn who_says_nothing_is_recorded_to_the_end_at_telnyx_and_asked_again_all_the_same() {
    through(Mouth::Telnyx, || {
        let day = Day::with().questions(r#"{"questions": ["Well?"], "limits": {"asks": 2}}"#).begin();
        day.person(ANN, Habit::Silent);
        let call = day.call(ANN);
        let ended = day.ended(&call);
        assert_eq!(
            (&ended["disposition"], &ended["answer_count"]),
            (&json!("completed"), &json!(0)),
            "{ended}"
        );
        assert_eq!(day.heard_by(ANN).iter().filter(|said| said.contains("Well?")).count(), 2);
    });
}

/// A true webhook and what can be made of it. The carrier's own is let in, and changes nothing a second time.
#[test]
fn s_03_a_webhook_that_telnyx_did_not_sign_just_now_is_refused_and_changes_nothing() {
    through(Mouth::Telnyx, || {
        let day = Day::begin();
        day.person(ANN, Habit::says(["Ann", "Tuesday", "no"]));
        let call = day.call(ANN);
        let ended = day.ended(&call);
        day.is_quiet();
        let hooks = day.sim.webhooks();
        let told = hooks.iter().rev().find(|hook| hook.kind == WebhookKind::Status).unwrap();
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&told.params).finish();
        let now = Clock::real().now();
        let sent = |secret: &str, at: jiff::Timestamp, body: &str, signed: &str| {
            let request = day
                .ask_at(&told.url)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("telnyx-timestamp", at.as_second())
                .header("telnyx-signature-ed25519", sign_telnyx(secret, at.as_second(), signed.as_bytes()))
                .body(body.to_owned());
            day.send(request).status
        };
        let journal = day.journal_position();
        let changed = body.replace("completed", "busy");
        assert_ne!(changed, body);
        assert_eq!(sent("a stranger's", now, &body, &body), 403, "another key");
        assert_eq!(sent(TOKEN, now, &changed, &body), 403, "a changed body");
        assert_eq!(sent(TOKEN, now - SignedDuration::from_mins(6), &body, &body), 403, "too old");
        assert_eq!(sent(TOKEN, now + SignedDuration::from_mins(6), &body, &body), 403, "of the future");
        assert_eq!(day.journal_position(), journal, "nothing was written down");
        assert_eq!(sent(TOKEN, now, &body, &body), 204, "the control: as the carrier sends it");
        let after = day.look_at(&call);
        for field in ["state", "disposition", "status", "ended_at", "answer_count"] {
            assert_eq!(after[field], ended[field], "{field}");
        }
        let evidence = &ended["evidence"];
        assert_eq!(
            (&evidence["carrier_cause"], &evidence["sip_code"]),
            (&json!("normal_clearing"), &json!(200))
        );
        assert_eq!(day.dialed(ANN), 1);
        assert_ne!(ANN, OURS);
    });
}
