//! A small, strict XML tree, as strict as a carrier that refuses a document.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

/// One element with what is in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    /// All text inside, that of children included, in order.
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Why a document is not XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("document is not well-formed XML: {0}")]
pub(crate) struct NotXml(String);

/// Reads a document's one root element.
pub(crate) fn parse(text: &str) -> Result<Element, NotXml> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().map_err(because)? {
            Event::Start(start) => {
                refuse_second_root(&open, root.as_ref())?;
                open.push(element(&start)?);
            }
            Event::Empty(start) => {
                refuse_second_root(&open, root.as_ref())?;
                close(&mut open, &mut root, element(&start)?);
            }
            Event::End(_) => {
                let done = open.pop().ok_or_else(|| NotXml("an end tag without its start".into()))?;
                close(&mut open, &mut root, done);
            }
            Event::Text(part) => add_text(&mut open, &part.xml10_content())?,
            Event::CData(part) => add_text(&mut open, &part.xml10_content())?,
            Event::GeneralRef(reference) => add_text(&mut open, &resolve(&reference)?)?,
            Event::DocType(_) => return Err(NotXml("a document type is not allowed".into())),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => break,
        }
    }
    if let Some(unclosed) = open.pop() {
        return Err(NotXml(format!("<{}> is never closed", unclosed.name)));
    }
    root.ok_or_else(|| NotXml("the document is empty".into()))
}

fn because(error: impl std::fmt::Display) -> NotXml {
    NotXml(error.to_string())
}

fn refuse_second_root(open: &[Element], root: Option<&Element>) -> Result<(), NotXml> {
    if open.is_empty() && root.is_some() {
        return Err(NotXml("more than one root element".into()));
    }
    Ok(())
}

fn element(start: &BytesStart<'_>) -> Result<Element, NotXml> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(because)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(because)?;
        attributes.push((attribute.key.0.to_owned(), value.into_owned()));
    }
    Ok(Element { name: start.name().0.to_owned(), attributes, ..Element::default() })
}

fn close(open: &mut [Element], root: &mut Option<Element>, done: Element) {
    match open.last_mut() {
        Some(parent) => {
            parent.text.push_str(&done.text);
            parent.children.push(done);
        }
        None => *root = Some(done),
    }
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), NotXml> {
    match open.last_mut() {
        Some(parent) => parent.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(NotXml("text outside the root element".into())),
    }
    Ok(())
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, NotXml> {
    if let Some(character) = reference.resolve_char_ref().map_err(because)? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    quick_xml::escape::resolve_predefined_entity(&name)
        .map(str::to_owned)
        .ok_or_else(|| NotXml(format!("unknown entity &{name};")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_entities_and_nesting_are_read() {
        let root = parse("<?xml version=\"1.0\"?>\n<R a=\"1 &amp; 2\"><S>A &lt; <b>B</b> &#33;</S><P/></R>")
            .unwrap();
        assert_eq!(root.attribute("a"), Some("1 & 2"));
        assert_eq!(root.children[0].text, "A < B !");
        assert_eq!(root.children[1].name, "P");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        let bad = [
            "",
            "hello",
            "<R>",
            "<R></S>",
            "<R/><R/>",
            "<R a=1/>",
            "<R a='1' a='2'/>",
            "<R>&nbsp;</R>",
            "<R>fish & chips</R>",
            "<!DOCTYPE R><R/>",
            "<R/>tail",
        ];
        for text in bad {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
