//! A conversation as it was heard: each side in its place, and nothing on the right that the carrier did not play.

use proptest::prelude::*;
use std::collections::VecDeque;
use trunkline_core::bridge::Tape;

const FRAME: usize = 160;
const SILENCE: u8 = 0xFF;

fn right(pairs: &[u8]) -> Vec<u8> {
    pairs.chunks(2).map(|pair| pair[1]).collect()
}

fn left(pairs: &[u8]) -> Vec<u8> {
    pairs.chunks(2).map(|pair| pair[0]).collect()
}

/// So many frames of a caller who says this byte.
fn frames(tape: &mut Tape, n: usize, byte: u8) {
    (0..n).for_each(|_| tape.heard(&[byte; FRAME]));
}

fn plays(tape: &mut Tape, name: &str, byte: u8, length: usize) {
    tape.plays(vec![byte; length]);
    tape.marks(name);
}

#[test]
fn what_a_caller_says_is_there_as_it_came() {
    let mut tape = Tape::default();
    tape.heard(&[1; FRAME]);
    tape.heard(&[2; FRAME]);
    let pairs = tape.take();
    assert_eq!(left(&pairs), [[1; FRAME], [2; FRAME]].concat());
    assert_eq!(right(&pairs), [SILENCE; 2 * FRAME]);
    assert!(tape.take().is_empty(), "once");
}

#[test]
fn what_the_bot_says_is_held_back_until_it_was_heard() {
    let mut tape = Tape::default();
    frames(&mut tape, 2, 1);
    plays(&mut tape, "m1", 7, 4 * FRAME);
    frames(&mut tape, 3, 1);
    assert_eq!(right(&tape.take()), [SILENCE; 2 * FRAME], "nobody knows yet what was heard after that");
    frames(&mut tape, 1, 1);
    tape.marked("m1");
    frames(&mut tape, 1, 1);
    let pairs = tape.take();
    assert_eq!(right(&pairs), [vec![7; 4 * FRAME], vec![SILENCE; FRAME]].concat());
    assert_eq!(left(&pairs).len(), 5 * FRAME);
}

#[test]
fn what_was_cleared_away_is_there_as_far_as_it_was_heard() {
    let mut tape = Tape::default();
    plays(&mut tape, "m1", 7, 5 * FRAME);
    plays(&mut tape, "m2", 8, 5 * FRAME);
    plays(&mut tape, "m3", 9, 5 * FRAME);
    frames(&mut tape, 5, 1);
    tape.marked("m1");
    frames(&mut tape, 2, 1);
    tape.clears();
    // It takes a frame until the carrier has heard of it.
    frames(&mut tape, 1, 1);
    tape.marked("m2");
    tape.marked("m3");
    plays(&mut tape, "m4", 5, 2 * FRAME);
    frames(&mut tape, 2, 1);
    tape.marked("m4");
    let expected = [vec![7; 5 * FRAME], vec![8; 3 * FRAME], vec![5; 2 * FRAME]].concat();
    assert_eq!(right(&tape.take()), expected);
}

#[test]
fn a_call_that_ends_in_mid_word_ends_so_on_tape() {
    let mut tape = Tape::default();
    plays(&mut tape, "m1", 7, 9 * FRAME);
    frames(&mut tape, 4, 1);
    assert_eq!(right(&tape.end()), [7; 4 * FRAME]);
    assert!(tape.end().is_empty());
}

#[test]
fn a_mark_that_never_comes_is_waited_for_no_longer_than_a_second() {
    let mut tape = Tape::default();
    plays(&mut tape, "m1", 7, 5 * FRAME);
    frames(&mut tape, 55, 1);
    assert!(tape.take().is_empty(), "it may still come");
    frames(&mut tape, 1, 1);
    let pairs = tape.take();
    assert_eq!(right(&pairs), [vec![7; 5 * FRAME], vec![SILENCE; 51 * FRAME]].concat());
    tape.marked("m1");
    assert!(tape.take().is_empty(), "too late to matter");
    // And the same of what was cleared away: it was heard until then at most.
    plays(&mut tape, "m2", 8, 9 * FRAME);
    frames(&mut tape, 2, 1);
    tape.clears();
    frames(&mut tape, 60, 1);
    assert_eq!(right(&tape.take())[..3 * FRAME], [vec![8; 2 * FRAME], vec![SILENCE; FRAME]].concat());
}

#[test]
fn a_carrier_that_begins_late_is_believed() {
    let mut tape = Tape::default();
    plays(&mut tape, "m1", 7, 5 * FRAME);
    frames(&mut tape, 25, 1);
    tape.marked("m1");
    assert_eq!(right(&tape.take()), [vec![SILENCE; 20 * FRAME], vec![7; 5 * FRAME]].concat());
}

/// What happens between two frames.
#[derive(Clone, Debug)]
enum Step {
    Says(usize),
    Clears,
    Frames(usize),
    Takes,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1_usize..2_000).prop_map(Step::Says),
        Just(Step::Clears),
        (1_usize..30).prop_map(Step::Frames),
        Just(Step::Takes),
    ];
    prop::collection::vec(step, 0..40)
}

/// A carrier as it should be: plays byte for byte, and says so between its frames.
#[derive(Default)]
struct Carrier {
    waiting: VecDeque<(u8, usize, String)>,
    played: Vec<u8>,
}

impl Carrier {
    fn frame(&mut self, tape: &mut Tape) {
        let mut room = FRAME;
        while let Some((byte, length, name)) = self.waiting.front_mut() {
            let part = room.min(*length);
            self.played.extend(std::iter::repeat_n(*byte, part));
            (room, *length) = (room - part, *length - part);
            if *length > 0 {
                break;
            }
            tape.marked(name);
            self.waiting.pop_front();
        }
        self.played.extend(std::iter::repeat_n(SILENCE, room));
        tape.heard(&[1; FRAME]);
    }

    fn clear(&mut self, tape: &mut Tape) {
        tape.clears();
        self.waiting.drain(..).for_each(|(_, _, name)| tape.marked(&name));
    }
}

/// Which letters there are, and how often each: where they stand may be off by a frame.
fn heard(sound: &[u8]) -> Vec<(u8, usize)> {
    let mut counts: Vec<(u8, usize)> = Vec::new();
    for byte in sound.iter().filter(|byte| **byte != SILENCE) {
        match counts.last_mut().filter(|(known, _)| known == byte) {
            Some((_, count)) => *count += 1,
            None => counts.push((*byte, 1)),
        }
    }
    counts
}

proptest! {
    /// Against a carrier that does what it should: both sides are equally long, the caller is whole, and of the bot there is what
    /// was played, in its order, within a frame of its length and its place.
    #[test]
    fn a_tape_holds_what_was_played(steps in steps()) {
        let (mut tape, mut carrier, mut pairs, mut said, mut sent) = (Tape::default(), Carrier::default(), Vec::new(), 0_usize, 0_usize);
        for step in steps {
            match step {
                Step::Says(length) => {
                    sent += 1;
                    let byte = u8::try_from(sent % 200).unwrap();
                    let name = format!("m{sent}");
                    plays(&mut tape, &name, byte, length);
                    carrier.waiting.push_back((byte, length, name));
                }
                Step::Clears => carrier.clear(&mut tape),
                Step::Frames(n) => {
                    said += n;
                    (0..n).for_each(|_| carrier.frame(&mut tape));
                }
                Step::Takes => pairs.extend(tape.take()),
            }
        }
        pairs.extend(tape.end());
        let (bot, caller) = (right(&pairs), left(&pairs));
        prop_assert!(caller.len() >= said * FRAME && caller.len() <= (said + 1) * FRAME);
        prop_assert!(caller[..said * FRAME].iter().all(|byte| *byte == 1));
        let played = heard(&carrier.played);
        let kept = heard(&bot);
        // A piece of less than a frame may be missed, and one that was cleared away within a frame.
        for (byte, count) in &played {
            let known = kept.iter().find(|(known, _)| known == byte).map_or(0, |(_, count)| *count);
            prop_assert!(known.abs_diff(*count) <= FRAME, "{byte}: {known} of {count}");
        }
        for (byte, _) in &kept {
            prop_assert!(played.iter().any(|(known, _)| known == byte) || sent > 0);
        }
        for (byte, _) in kept.iter().filter(|(_, count)| *count > FRAME) {
            let at = |sound: &[u8]| sound.iter().position(|known| known == byte);
            let (here, there) = (at(&bot).unwrap(), at(&carrier.played));
            prop_assert!(there.is_some_and(|there| here.abs_diff(there) <= FRAME), "{byte} at {here} instead of {there:?}");
        }
    }
}
