//! Questions in a file: their types, choices, skips, and the keys that must not mean two things at once.

use super::{key, prompt, prompt_of, text};
use crate::script::json::{Fields, Node, ScriptError};
use crate::script::{Choice, Goto, Key, Kind, Limits, Prompt, Question, Skip, SkipIf};

/// No call lasts so long that more would be asked.
const MAX_QUESTIONS: usize = 200;

/// What questions must not clash with.
pub(super) struct Common {
    pub(super) finish_on_key: Option<Key>,
    pub(super) opt_out: Option<Key>,
}

impl Default for Common {
    fn default() -> Self {
        Self { finish_on_key: Limits::default().finish_on_key, opt_out: None }
    }
}

/// The list of questions, in any form of each.
pub(super) fn questions(list: &Node<'_>, common: &Common) -> Result<Vec<Question>, ScriptError> {
    let items = list.list("“questions”")?;
    if items.is_empty() {
        return Err(list.error("there are no questions"));
    }
    if let Some(one_too_many) = items.get(MAX_QUESTIONS) {
        return Err(
            one_too_many.error(format!("there are {} questions, at most 200 are allowed", items.len()))
        );
    }
    let count = items.len();
    let read = |(index, item): (usize, &Node<'_>)| {
        question(item, index + 1, count, common)
            .map_err(|error| error.within(&format!("question {}", index + 1)))
    };
    let questions = items.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
    let consent = questions.iter().position(|question| question.kind == Kind::Consent);
    let recorded = questions.iter().position(|question| question.kind == Kind::Text);
    match (consent, recorded) {
        (Some(consent), Some(recorded)) if recorded < consent => {
            let what = format!(
                "question {} is recorded before question {} asks whether it may be",
                recorded + 1,
                consent + 1
            );
            Err(items.get(consent).unwrap_or(list).error(what))
        }
        _ => Ok(questions),
    }
}

fn question(node: &Node<'_>, number: usize, count: usize, common: &Common) -> Result<Question, ScriptError> {
    if !node.is_object() {
        return Ok(Question::recorded(Prompt::say(text(node, "the question")?)));
    }
    let fields = node.fields("a question")?;
    let kind = kind(&fields)?;
    let repeat_key =
        fields.get(&["repeat_key", "repeatKey"]).map(|node| key(&node, "the repeat key")).transpose()?;
    let question = Question {
        prompt: prompt_of(&fields, "the question")?,
        reprompt: fields.get(&["reprompt"]).map(|node| prompt(&node, "the reprompt")).transpose()?,
        skips: skips(&fields, &kind, number, count)?,
        kind,
        repeat_key,
    };
    check_keys(&fields, &question, common)?;
    Ok(question)
}

fn kind(fields: &Fields<'_>) -> Result<Kind, ScriptError> {
    let choices = fields.get(&["choices", "options", "answers"]);
    let Some(node) = fields.get(&["type", "kind"]) else {
        return choices.map_or(Ok(Kind::Text), |node| Ok(Kind::Choice { choices: choice_list(&node)? }));
    };
    let word = node.text("the type")?;
    match word.trim().to_lowercase().replace(['_', ' '], "-").as_str() {
        "text" | "string" | "voice" | "open" | "free-text" | "record" => Ok(Kind::Text),
        "yes-no" | "yesno" | "yes/no" | "boolean" | "bool" => Ok(Kind::YesNo),
        "consent" | "recording-consent" => Ok(Kind::Consent),
        "numeric" | "number" | "integer" | "digits" => {
            let digits = fields.get(&["digits", "length"]);
            let digits = digits.map(|node| node.number("the count of digits", 1, 20)).transpose()?;
            Ok(Kind::Numeric { digits })
        }
        "choice" | "choices" | "multiple-choice" | "select" | "radio" => {
            let choices = choices.ok_or_else(|| node.error("a choice needs a list “choices”"))?;
            Ok(Kind::Choice { choices: choice_list(&choices)? })
        }
        _ => {
            let word: String = word.chars().take(40).collect();
            Err(node.error(format!("the type “{word}” is not one of text, yes-no, consent, numeric, choice")))
        }
    }
}

fn choice_list(list: &Node<'_>) -> Result<Vec<Choice>, ScriptError> {
    let items = list.list("“choices”")?;
    if items.is_empty() {
        return Err(list.error("there are no choices"));
    }
    let mut choices: Vec<Choice> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let choice = choice(item, Key::IN_ORDER.get(index).copied())?;
        if choices.iter().any(|other| other.key == choice.key) {
            return Err(item.error(format!("two choices have the key {}", choice.key)));
        }
        choices.push(choice);
    }
    Ok(choices)
}

fn choice(node: &Node<'_>, default_key: Option<Key>) -> Result<Choice, ScriptError> {
    let no_key = || node.error("no key is left for this choice: give it one with “key”");
    if !node.is_object() {
        let key = default_key.ok_or_else(no_key)?;
        return Ok(Choice { key, label: label(node)?, say: None });
    }
    let fields = node.fields("a choice")?;
    let key = match fields.get(&["key", "digit"]) {
        Some(node) => key(&node, "a choice's key")?,
        None => default_key.ok_or_else(no_key)?,
    };
    let label_node = fields.get(&["label", "text", "body", "value"]);
    let label = label(&label_node.ok_or_else(|| fields.error("a choice needs a “label”"))?)?;
    let say = fields.get(&["say"]).map(|node| text(&node, "a choice's “say”")).transpose()?;
    Ok(Choice { key, label, say })
}

fn label(node: &Node<'_>) -> Result<String, ScriptError> {
    let label = node.word("a choice's label")?.trim().to_owned();
    match label.chars().count() {
        0 => Err(node.error("a choice's label is empty")),
        1..=200 => Ok(label),
        length => {
            Err(node.error(format!("a choice's label has {length} characters, at most 200 are allowed")))
        }
    }
}

fn skips(fields: &Fields<'_>, kind: &Kind, number: usize, count: usize) -> Result<Vec<Skip>, ScriptError> {
    let Some(node) = fields.get(&["skip", "skips"]) else { return Ok(Vec::new()) };
    let items = if node.is_object() { vec![node] } else { node.list("“skip”")? };
    items.iter().map(|item| skip(item, kind, number, count)).collect()
}

fn skip(node: &Node<'_>, kind: &Kind, number: usize, count: usize) -> Result<Skip, ScriptError> {
    let fields = node.fields("a skip")?;
    let mut when =
        fields.get(&["if", "equals", "answer"]).ok_or_else(|| fields.error("a skip needs an “if”"))?;
    if when.is_object() {
        let inner = when.fields("a skip's “if”")?;
        when = inner.get(&["equals", "answer"]).ok_or_else(|| inner.error("an “if” needs “equals”"))?;
    }
    let to = fields.get(&["goto", "to"]).ok_or_else(|| fields.error("a skip needs a “goto”"))?;
    Ok(Skip { when: skip_if(&when, kind)?, goto: goto(&to, number, count)? })
}

fn skip_if(node: &Node<'_>, kind: &Kind) -> Result<SkipIf, ScriptError> {
    let word = node.word("a skip's “if”")?.trim().to_owned();
    match kind {
        Kind::Text => {
            Err(node
                .error("a recorded answer can't be compared: skip from a yes-no, numeric or choice question"))
        }
        Kind::Consent => Err(node.error("without consent the call ends: there is nothing to skip")),
        Kind::YesNo => match word.to_lowercase().as_str() {
            "yes" | "true" | "1" | "כן" => Ok(SkipIf::YesNo(true)),
            "no" | "false" | "2" | "0" | "לא" => Ok(SkipIf::YesNo(false)),
            _ => Err(node.error("a yes-no question is answered by yes or no")),
        },
        Kind::Numeric { .. } if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(SkipIf::Number(word))
        }
        Kind::Numeric { .. } => Err(node.error("a numeric question is answered by digits")),
        Kind::Choice { choices } => {
            let by_label = choices.iter().find(|choice| choice.label.to_lowercase() == word.to_lowercase());
            let by_key = || choices.iter().find(|choice| word.parse() == Ok(choice.key));
            let choice = by_label.or_else(by_key).ok_or_else(|| node.error("there is no such choice"))?;
            Ok(SkipIf::Choice(choice.key))
        }
    }
}

fn goto(node: &Node<'_>, number: usize, count: usize) -> Result<Goto, ScriptError> {
    let word = node.word("a skip's “goto”")?;
    if matches!(word.trim().to_lowercase().as_str(), "end" | "goodbye") {
        return Ok(Goto::End);
    }
    let target: usize =
        word.trim().parse().map_err(|_| node.error("“goto” is the number of a later question, or “end”"))?;
    if target > count {
        return Err(node.error(format!("there is no question {target}, the last one is {count}")));
    }
    if target <= number {
        return Err(
            node.error(format!("a skip leads forward: question {target} is not after question {number}"))
        );
    }
    // Questions are numbered from 1 by people, steps from 0 by us; `target > number >= 1`.
    u16::try_from(target - 1).map(Goto::Step).map_err(|_| node.error("the number is too large"))
}

/// Two meanings of one key would make one of them unreachable.
fn check_keys(fields: &Fields<'_>, question: &Question, common: &Common) -> Result<(), ScriptError> {
    let clash = |key: Key, name: &str| match &question.kind {
        Kind::Text if common.finish_on_key == Some(key) => Some(format!("{name} {key} also ends the answer")),
        Kind::Numeric { digits: None } if common.finish_on_key == Some(key) => {
            Some(format!("{name} {key} also ends the number"))
        }
        Kind::YesNo if ['0', '1', '2'].contains(&key.as_char()) => {
            Some(format!("{name} {key} also answers the question (1 is yes, 2 and 0 are no)"))
        }
        Kind::Choice { choices } if choices.iter().any(|choice| choice.key == key) => {
            Some(format!("{name} {key} is also the key of a choice"))
        }
        _ => None,
    };
    if let Some(key) = question.repeat_key {
        let clash = match question.kind {
            Kind::Numeric { .. } if key.is_digit() => {
                Some("the repeat key of a number must be * or #".to_owned())
            }
            _ if common.opt_out == Some(key) => Some(format!("the repeat key {key} is also the opt-out key")),
            _ => clash(key, "the repeat key"),
        };
        if let Some(what) = clash {
            return Err(fields.error(what));
        }
    }
    match common.opt_out.and_then(|key| clash(key, "the opt-out key")) {
        Some(what) => Err(fields.error(what)),
        None => Ok(()),
    }
}
