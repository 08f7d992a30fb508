//! What the bot says: what has been made of it, what the carrier has, and what the caller has heard.
//!
//! Only marks that came back count as heard. The sound is cut into pieces of [`PIECE_MS`] with a mark after each, so what is
//! taken for heard is at most that much less than what was, and never more.

use super::frames::{Act, CarrierDoes, ModelDoes};
use crate::call::{BotNews, EntryNo, Words, WordsState};
use crate::private::Private;
use jiff::Timestamp;
use std::collections::VecDeque;

/// A piece of sound that has a mark of its own. 60 ms are 480 bytes, 640 characters of base64 without padding, so that a
/// piece can be cut off without decoding it.
const PIECE_MS: u32 = 240;
const PIECE_CHARS: usize = 4 * 640;
/// 8,000 bytes are a second.
const BYTES_PER_MS: u32 = 8;
/// Parts of a line are written down each time so much more of it was heard.
const PART_MS: u32 = 2 * PIECE_MS;
/// Where not all sound of a line is there, no more characters a second are taken for heard than anybody says.
const SURE_CHARS: u64 = 14;

/// One thing that the bot says.
#[derive(Clone, Debug)]
pub(super) struct BotLine {
    pub(super) item: String,
    pub(super) entry: EntryNo,
    waited_ms: Option<u32>,
    text: String,
    text_over: bool,
    /// How much sound the model has made.
    made_bytes: u32,
    sound_over: bool,
    heard_ms: u32,
    told: Option<(u32, usize)>,
    cut: bool,
    /// The model was lost before all of its sound was made.
    broken: bool,
    /// A session of the model said it that is gone.
    is_of_before: bool,
}

/// A mark that has not come back.
#[derive(Clone, Debug)]
struct Mark {
    no: u32,
    item: String,
    /// How much of the item was heard once it comes back.
    upto_ms: u32,
}

/// Everything that the bot says and that was not yet heard to its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Playing {
    generation: u32,
    marks_made: u32,
    marks: VecDeque<Mark>,
    lines: Vec<BotLine>,
    /// When a mark last came back, or sound was last sent into silence.
    moved_at: Option<Timestamp>,
}

impl BotLine {
    fn made_ms(&self) -> u32 {
        self.made_bytes / BYTES_PER_MS
    }

    fn is_heard(&self) -> bool {
        self.sound_over && self.heard_ms >= self.made_ms()
    }

    /// The words that were heard: never more of the text than of the sound.
    pub(super) fn heard(&self) -> &str {
        if self.is_heard() && !self.cut && !self.broken {
            return self.text.trim();
        }
        let chars = self.text.chars().count() as u64;
        let made = u64::from(self.made_ms().max(1));
        let by_share = chars * u64::from(self.heard_ms) / made;
        let by_pace = u64::from(self.heard_ms) * SURE_CHARS / 1_000;
        let is_all = self.sound_over && !self.broken;
        let count = if is_all { by_share } else { by_share.min(by_pace) };
        upto_word(&self.text, usize::try_from(count).unwrap_or(usize::MAX)).trim()
    }

    fn news(&self, state: WordsState) -> BotNews {
        BotNews::Said(Words {
            entry: self.entry,
            text: Private::new(self.heard().to_owned()),
            ms: self.heard_ms,
            state,
            waited_ms: self.waited_ms,
        })
    }
}

/// The first so many characters, without a word that was begun.
fn upto_word(text: &str, count: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(count) else { return text };
    let head = &text[..end];
    if text[end..].starts_with(char::is_whitespace) || head.ends_with(char::is_whitespace) {
        return head;
    }
    head.rfind(char::is_whitespace).map_or("", |at| &head[..at])
}

/// How many bytes this base64 stands for.
fn bytes_of(sound: &str) -> u32 {
    let padding = sound.bytes().rev().take_while(|byte| *byte == b'=').count();
    let chars = sound.len().saturating_sub(padding);
    u32::try_from(chars * 3 / 4).unwrap_or(u32::MAX)
}

impl Playing {
    pub(super) fn line(&mut self, item: &str) -> Option<&mut BotLine> {
        self.lines.iter_mut().find(|line| line.item == item)
    }

    /// A line of the bot begins.
    pub(super) fn begin(&mut self, item: &str, entry: EntryNo, waited_ms: Option<u32>) {
        self.lines.push(BotLine {
            item: item.to_owned(),
            entry,
            waited_ms,
            text: String::new(),
            text_over: false,
            made_bytes: 0,
            sound_over: false,
            heard_ms: 0,
            told: None,
            cut: false,
            broken: false,
            is_of_before: false,
        });
    }

    /// Sound of a line: on to the carrier, piece by piece.
    pub(super) fn sound(&mut self, item: &str, sound: &str, now: Timestamp, acts: &mut Vec<Act>) {
        let (generation, mut no) = (self.generation, self.marks_made);
        let was_silent = self.marks.is_empty();
        let Some(line) = self.lines.iter_mut().find(|line| line.item == item && !line.cut) else { return };
        let mut rest = sound;
        while !rest.is_empty() {
            let cut = if rest.is_char_boundary(PIECE_CHARS.min(rest.len())) {
                PIECE_CHARS.min(rest.len())
            } else {
                rest.len()
            };
            let (piece, more) = rest.split_at(cut);
            rest = more;
            line.made_bytes = line.made_bytes.saturating_add(bytes_of(piece));
            no += 1;
            self.marks.push_back(Mark { no, item: item.to_owned(), upto_ms: line.made_ms() });
            acts.push(Act::Carrier(CarrierDoes::Play(piece.to_owned())));
            acts.push(Act::Carrier(CarrierDoes::Mark(format!("g{generation}-m{no}"))));
        }
        self.marks_made = no;
        if was_silent {
            self.moved_at = Some(now);
        }
    }

    pub(super) fn words(&mut self, item: &str, words: &str) {
        if let Some(line) = self.line(item).filter(|line| !line.text_over && !line.cut) {
            line.text.push_str(words);
        }
    }

    pub(super) fn text_over(&mut self, item: &str, text: &str, acts: &mut Vec<Act>) {
        if let Some(line) = self.line(item).filter(|line| !line.cut) {
            text.clone_into(&mut line.text);
            line.text_over = true;
        }
        self.tell(acts);
    }

    pub(super) fn sound_over(&mut self, item: &str, acts: &mut Vec<Act>) {
        if let Some(line) = self.line(item) {
            line.sound_over = true;
        }
        self.tell(acts);
    }

    /// The model is gone: nobody knows how far the text goes with the sound that is there, and a new session knows no item of
    /// the old one.
    pub(super) fn broken(&mut self, acts: &mut Vec<Act>) {
        for line in &mut self.lines {
            line.broken |= !line.sound_over;
            line.is_of_before = true;
        }
        self.all_made(acts);
    }

    /// No more of anything will be made: the answer is over.
    pub(super) fn all_made(&mut self, acts: &mut Vec<Act>) {
        for line in &mut self.lines {
            (line.sound_over, line.text_over) = (true, true);
        }
        self.tell(acts);
    }

    /// A mark came back; `false` if it is of sound that was cleared away, or of nobody.
    pub(super) fn marked(&mut self, name: &str, now: Timestamp, acts: &mut Vec<Act>) -> bool {
        let Some((generation, no)) = read_mark(name) else { return false };
        if generation != self.generation || !self.marks.iter().any(|mark| mark.no == no) {
            return false;
        }
        while let Some(mark) = self.marks.front().filter(|mark| mark.no <= no) {
            let (item, upto_ms) = (mark.item.clone(), mark.upto_ms);
            self.marks.pop_front();
            if let Some(line) = self.line(&item) {
                line.heard_ms = line.heard_ms.max(upto_ms);
            }
        }
        self.moved_at = Some(now);
        self.tell(acts);
        true
    }

    /// Whether the carrier has sound that was not heard yet.
    pub(super) fn is_playing(&self) -> bool {
        !self.marks.is_empty()
    }

    /// When something last moved: nothing is heard since, if nothing is playing.
    pub(super) fn moved_at(&self) -> Option<Timestamp> {
        self.moved_at
    }

    /// How long what waits takes to be heard, in milliseconds.
    pub(super) fn waiting_ms(&self) -> u32 {
        let unheard = |line: &BotLine| line.made_ms().saturating_sub(line.heard_ms);
        self.lines.iter().filter(|line| !line.cut).map(unheard).sum()
    }

    /// The caller speaks: whatever was not heard is taken back, at the carrier and at the model.
    pub(super) fn cut_off(&mut self, acts: &mut Vec<Act>) {
        if self.marks.is_empty() && self.lines.iter().all(BotLine::is_heard) {
            return;
        }
        if !self.marks.is_empty() {
            acts.push(Act::Carrier(CarrierDoes::Clear));
        }
        self.marks.clear();
        self.generation += 1;
        for line in self.lines.iter_mut().filter(|line| !line.cut && !line.is_heard()) {
            // What was heard never exceeds what was made: the marks say so.
            if !line.is_of_before {
                acts.push(Act::Model(ModelDoes::Truncate {
                    item: line.item.clone(),
                    heard_ms: line.heard_ms,
                }));
            }
            line.cut = true;
            if line.heard_ms > 0 {
                acts.push(Act::Journal(line.news(WordsState::Cut)));
            }
        }
    }

    /// Nobody hears any more: what was heard is all there will be.
    pub(super) fn hung_up(&mut self, acts: &mut Vec<Act>) {
        self.marks.clear();
        self.generation += 1;
        for line in self.lines.iter_mut().filter(|line| !line.cut) {
            let is_whole = line.is_heard() && !line.broken;
            let state = if is_whole { WordsState::Whole } else { WordsState::Cut };
            line.cut |= state == WordsState::Cut;
            if line.heard_ms > 0 {
                acts.push(Act::Journal(line.news(state)));
            }
        }
    }

    /// Lines that are over, with what was heard of them; they are not kept here any longer.
    pub(super) fn finished(&mut self) -> Vec<(EntryNo, String, String)> {
        let is_over = |line: &BotLine| line.cut || (line.is_heard() && line.text_over);
        let over = self.lines.iter().filter(|line| is_over(line));
        let over = over.map(|line| (line.entry, line.item.clone(), line.heard().to_owned())).collect();
        self.lines.retain(|line| !is_over(line));
        over
    }

    /// Lines that are being heard, with what there is to be heard of them.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = (EntryNo, String)> {
        self.lines.iter().filter(|line| !line.cut).map(|line| {
            let all = BotLine { heard_ms: line.made_ms(), ..line.clone() };
            (line.entry, all.heard().to_owned())
        })
    }

    /// Writes down what was heard since the last time.
    fn tell(&mut self, acts: &mut Vec<Act>) {
        for line in self.lines.iter_mut().filter(|line| !line.cut) {
            let whole = line.is_heard() && line.text_over;
            let length = line.heard().len();
            let (told_ms, told_length) = line.told.unwrap_or_default();
            let is_more = length > told_length && line.heard_ms >= told_ms.saturating_add(PART_MS);
            if whole {
                let state = if line.broken { WordsState::Cut } else { WordsState::Whole };
                acts.push(Act::Journal(line.news(state)));
            } else if is_more {
                line.told = Some((line.heard_ms, length));
                acts.push(Act::Journal(line.news(WordsState::Going)));
            }
        }
    }
}

/// `g3-m17`: generation and number.
fn read_mark(name: &str) -> Option<(u32, u32)> {
    let (generation, no) = name.strip_prefix('g')?.split_once("-m")?;
    Some((generation.parse().ok()?, no.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_measured_without_decoding_it() {
        for (sound, bytes) in [("", 0), ("AA==", 1), ("AAA=", 2), ("AAAA", 3), (&*"A".repeat(216), 162)] {
            assert_eq!(bytes_of(sound), bytes, "{sound}");
        }
    }

    #[test]
    fn a_text_is_cut_after_its_last_whole_word() {
        for (count, head) in [
            (0, ""),
            (3, ""),
            (5, "Hello"),
            (6, "Hello "),
            (8, "Hello"),
            (11, "Hello there"),
            (99, "Hello there"),
        ] {
            assert_eq!(upto_word("Hello there", count), head, "{count}");
        }
    }
}
