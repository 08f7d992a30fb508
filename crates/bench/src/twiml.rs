//! Reads of a voice document what a caller needs: where to send the keys he presses, or his sound.

/// The address that a document's first `Gather` sends its keys to, without its fragment (which is never sent).
pub fn gather_action(document: &str) -> Option<String> {
    let gather = document.split_once("<Gather ")?.1;
    let tag = gather.split_once('>')?.0;
    // An attribute's name begins after a blank: `…action` of another name is not meant.
    let value = tag.strip_prefix("action=\"").or_else(|| Some(tag.split_once(" action=\"")?.1))?;
    let value = value.split_once('"')?.0;
    let address = unescaped(value)?;
    Some(match address.split_once('#') {
        Some((address, _)) => address.to_owned(),
        None => address,
    })
}

/// The address of the media stream that a document asks for, and the token to show there.
pub fn stream(document: &str) -> Option<(String, String)> {
    let after = document.split_once("<Stream url=\"")?.1;
    let (url, after) = after.split_once('"')?;
    let token = after.split_once("<Parameter name=\"token\" value=\"")?.1.split_once('"')?.0;
    Some((unescaped(url)?, unescaped(token)?))
}

fn unescaped(value: &str) -> Option<String> {
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        let (entity, after) = after.split_once(';')?;
        plain.push_str(before);
        plain.push(character(entity)?);
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_is_unescaped_and_loses_its_fragment() {
        let document = r#"<?xml version="1.0"?><Response><Say>1 &lt; 2</Say><Gather input="dtmf"
            action="http://127.0.0.1:80/voice?q=1&amp;s=A-b_c&#38;x=&#x27;#rc=2&amp;rp=all" method="POST"><Say/></Gather>
            <Redirect>http://elsewhere/</Redirect></Response>"#;
        assert_eq!(gather_action(document).as_deref(), Some("http://127.0.0.1:80/voice?q=1&s=A-b_c&x='"));
    }

    #[test]
    fn the_action_of_the_gather_is_meant_and_no_other() {
        assert_eq!(gather_action(r#"<Response><Record action="/r"/></Response>"#), None);
        let document = r#"<Record action="/r"/><Gather partialaction="/p" action="/g"></Gather>"#;
        assert_eq!(gather_action(document).as_deref(), Some("/g"));
        assert_eq!(gather_action(r#"<Gather action="/first">"#).as_deref(), Some("/first"));
    }

    #[test]
    fn a_media_stream_has_an_address_and_a_token() {
        let document = r#"<Connect>
<Stream url="ws://127.0.0.1:80/media?a=1&amp;b=2">
<Parameter name="token" value="a&quot;b"/>
</Stream></Connect>"#;
        let asked = ("ws://127.0.0.1:80/media?a=1&b=2".to_owned(), "a\"b".to_owned());
        assert_eq!(stream(document), Some(asked));
        assert_eq!(stream("<Connect><Stream url=\"ws://elsewhere/\"/></Connect>"), None);
    }

    #[test]
    fn a_document_that_hangs_up_leads_nowhere() {
        assert_eq!(gather_action("<Response><Say>Bye</Say><Hangup/></Response>"), None);
    }

    #[test]
    fn an_entity_that_is_none_makes_no_address() {
        assert_eq!(gather_action(r#"<Gather action="/g?a=1&b=2">"#), None);
    }
}
