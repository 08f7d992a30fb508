//! The file of a bot: JSON. Each error names its line and column. A field that is unknown is an error: whoever wrote it
//! believes that it holds.

use super::name::{BotName, BotVersion};
use super::tool::Tool;
use super::{Bot, Limits, Person};
use crate::phone::{BadNumber, PhoneNumber};
use crate::script::json::{Node, ScriptError};
use crate::script::{BadLanguage, BadScriptName, Language, Template};
use crate::tenancy::tenant_id;
use std::collections::BTreeSet;

/// Models take longer instructions, and nobody reads them.
const MAX_INSTRUCTIONS_CHARS: usize = 20_000;
const MAX_SAID_CHARS: usize = 1_000;
const MAX_FILE_BYTES: usize = 1 << 20;
const MAX_PEOPLE: usize = 20;

const FIELDS: [&str; 14] = [
    "title",
    "tenant",
    "language",
    "voice",
    "instructions",
    "disclosure",
    "greeting",
    "greeting_unknown",
    "tools",
    "transfer_to",
    "limits",
    "record",
    "fallback_script",
    "$schema",
];
const LIMITS: [&str; 3] = ["seconds", "turns", "tool_calls"];

impl Bot {
    /// Reads a bot's file.
    ///
    /// # Errors
    /// What is wrong, and at which line and column.
    pub fn parse(bytes: &[u8], name: BotName) -> Result<Self, ScriptError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(ScriptError { line: 1, column: 1, what: "the file is larger than 1 MiB".to_owned() });
        }
        let root = Node::root(bytes)?;
        let fields = root.fields("a bot's file")?;
        fields.only(&FIELDS, "a bot")?;
        let needed = |name: &str| {
            fields
                .get(&[name])
                .ok_or_else(|| fields.error(format!("there is no “{name}”, and a bot needs one")))
        };
        let language = match fields.get(&["language"]) {
            Some(node) => {
                let tag = node.text("the language")?;
                tag.parse().map_err(|bad: BadLanguage| node.error(bad.to_string()))?
            }
            None => Language::english(),
        };
        let instructions = template(&needed("instructions")?, "the instructions", MAX_INSTRUCTIONS_CHARS)?;
        let greeting = template(&needed("greeting")?, "the greeting", MAX_SAID_CHARS)?;
        let said = |name: &str, what: &str| {
            fields.get(&[name]).map(|node| template(&node, what, MAX_SAID_CHARS)).transpose()
        };
        let disclosure =
            fields.get(&["disclosure"]).map(|node| short(&node, "the disclosure", MAX_SAID_CHARS));
        let tenant = fields
            .get(&["tenant"])
            .map(|node| tenant_id(&node.text("the tenant")?).map_err(|bad| node.error(bad.to_string())));
        let transfer_to =
            fields.get(&["transfer_to"]).map_or_else(|| Ok(Vec::new()), |node| people(&node))?;
        let tools = match fields.get(&["tools"]) {
            Some(node) => tools(&node, &transfer_to)?,
            None => BTreeSet::from([Tool::EndCall]),
        };
        let fallback_script = fields.get(&["fallback_script"]).map(|node| {
            let script = node.text("the fallback script")?;
            script.parse().map_err(|bad: BadScriptName| node.error(bad.to_string()))
        });
        let records = fields.get(&["record"]).map_or(Ok(false), |node| node.flag("“record”"))?;
        let disclosure = disclosure.transpose()?.unwrap_or_else(|| language.texts().is_a_bot.to_owned());
        // Nobody is recorded who was not told.
        let said_of_it = if records { format!(" {}", language.texts().is_recorded) } else { String::new() };
        Ok(Self {
            version: BotVersion::of(bytes),
            tenant: tenant.transpose()?,
            title: match fields.get(&["title"]) {
                Some(node) => short(&node, "the title", 200)?,
                None => name.as_str().to_owned(),
            },
            voice: fields.get(&["voice"]).map(|node| short(&node, "the voice", 100)).transpose()?,
            disclosure: disclosure + &said_of_it,
            records,
            greeting_unknown: said("greeting_unknown", "the greeting of somebody unknown")?,
            limits: fields.get(&["limits"]).map_or_else(|| Ok(Limits::default()), |node| limits(&node))?,
            fallback_script: fallback_script.transpose()?,
            name,
            language,
            instructions,
            greeting,
            tools,
            transfer_to,
        })
    }
}

/// The tools that are named, and the end of the call, which is never refused.
fn tools(node: &Node<'_>, people: &[Person]) -> Result<BTreeSet<Tool>, ScriptError> {
    let mut tools = BTreeSet::from([Tool::EndCall]);
    for item in node.list("“tools”")? {
        let name = item.text("a tool")?;
        let there = Tool::ALL.map(Tool::as_str).join(", ");
        let tool = Tool::parse(name.trim());
        let tool =
            tool.ok_or_else(|| item.error(format!("there is no tool of this name; there are: {there}")))?;
        if tool == Tool::TransferToPerson && people.is_empty() {
            return Err(item.error("this tool needs a list “transfer_to” of whom it may hand a call to"));
        }
        tools.insert(tool);
    }
    Ok(tools)
}

fn people(node: &Node<'_>) -> Result<Vec<Person>, ScriptError> {
    let items = node.list("“transfer_to”")?;
    if items.len() > MAX_PEOPLE {
        return Err(node.error(format!("“transfer_to” lists more than {MAX_PEOPLE}")));
    }
    let mut people: Vec<Person> = Vec::new();
    for item in items {
        let fields = item.fields("somebody in “transfer_to”")?;
        fields.only(&["name", "number"], "somebody in “transfer_to”")?;
        let needed = |name: &str| {
            fields.get(&[name]).ok_or_else(|| fields.error(format!("there is no “{name}” here")))
        };
        let name = short(&needed("name")?, "the name", 100)?;
        let node = needed("number")?;
        let number = node.text("the number")?;
        let number = PhoneNumber::from_e164(number.trim());
        let number =
            number.map_err(|bad: BadNumber| node.error(format!("{bad}; write it as +14155550100")))?;
        if people.iter().any(|known| known.name.to_lowercase() == name.to_lowercase()) {
            return Err(item.error("two have this name: the model could not tell them apart"));
        }
        people.push(Person { name, number });
    }
    Ok(people)
}

fn limits(node: &Node<'_>) -> Result<Limits, ScriptError> {
    let fields = node.fields("“limits”")?;
    fields.only(&LIMITS, "“limits”")?;
    let mut limits = Limits::default();
    if let Some(node) = fields.get(&["seconds"]) {
        limits.seconds = node.number("the longest call (seconds)", 30, 3_600)?;
    }
    if let Some(node) = fields.get(&["turns"]) {
        limits.turns = node.number("the most turns", 2, 500)?;
    }
    if let Some(node) = fields.get(&["tool_calls"]) {
        limits.tool_calls = node.number("the most tool calls", 1, 200)?;
    }
    Ok(limits)
}

fn template(node: &Node<'_>, what: &str, most: usize) -> Result<Template, ScriptError> {
    Template::parse(short(node, what, most)?).map_err(|bad| node.error(format!("{what}: {bad}")))
}

fn short(node: &Node<'_>, what: &str, most: usize) -> Result<String, ScriptError> {
    let text = node.text(what)?.trim().to_owned();
    let length = text.chars().count();
    if text.is_empty() {
        return Err(node.error(format!("{what} is empty")));
    }
    if length > most {
        return Err(node.error(format!("{what} has {length} characters, at most {most} are allowed")));
    }
    Ok(text)
}
