//! The `.env` file: `NAME=value` lines as shells and hosting platforms write them.
//!
//! In: the file's text. Out: its names with values and lines. Understood: blank lines, `#` comments (a whole line, or
//! after a blank behind an unquoted or quoted value), a leading `export `, single quotes (literal) and double quotes
//! (`\n \r \t \" \\ \$`). A later line wins. Left out on purpose: `$NAME` is not expanded, values don't span lines.

use super::error::Wrong;

/// One setting line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Counted from 1.
    pub number: usize,
    /// The variable's name.
    pub name: String,
    /// Its value, unquoted.
    pub value: String,
}

/// Reads all lines of a `.env` file.
///
/// # Errors
/// The number of the first line that can't be read and why. The value is not quoted: it may be a secret.
pub fn parse(text: &str) -> Result<Vec<Line>, (usize, Wrong)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let number = index + 1;
        if let Some((name, value)) = assignment(raw).map_err(|wrong| (number, wrong))? {
            lines.push(Line { number, name, value });
        }
    }
    Ok(lines)
}

fn assignment(raw: &str) -> Result<Option<(String, String)>, Wrong> {
    let line = raw.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(line);
    let Some((name, value)) = line.split_once('=') else {
        return Err(Wrong::new("no = in this line", "write NAME=value, or start a comment with #"));
    };
    let name = name.trim();
    if !is_name(name) {
        // Not quoted: it may be the second line of a secret that was wrapped.
        return Err(Wrong::new(
            "what stands before = is not a variable name",
            "use letters, digits and _, not starting with a digit, and write a value on one line",
        ));
    }
    Ok(Some((name.to_owned(), unquote(value.trim())?)))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn unquote(value: &str) -> Result<String, Wrong> {
    match value.chars().next() {
        Some('\'') => {
            let (inside, after) = value[1..].split_once('\'').ok_or_else(unclosed)?;
            nothing_after(after).map(|()| inside.to_owned())
        }
        Some('"') => double_quoted(&value[1..]),
        _ => Ok(uncommented(value).to_owned()),
    }
}

/// An unquoted value ends where a `#` follows a blank: `#` inside a word belongs to the value.
fn uncommented(value: &str) -> &str {
    if value.starts_with('#') {
        return "";
    }
    value.find(" #").or_else(|| value.find("\t#")).map_or(value, |end| value[..end].trim_end())
}

fn double_quoted(rest: &str) -> Result<String, Wrong> {
    let mut value = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return nothing_after(chars.as_str()).map(|()| value),
            '\\' => match chars.next().ok_or_else(unclosed)? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                c @ ('"' | '\\' | '$') => value.push(c),
                other => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    Err(unclosed())
}

fn nothing_after(after: &str) -> Result<(), Wrong> {
    let after = after.trim_start();
    if after.is_empty() || after.starts_with('#') {
        return Ok(());
    }
    Err(Wrong::new("text stands after the closing quote", "quote the whole value, or none of it"))
}

fn unclosed() -> Wrong {
    Wrong::new("a quote is not closed in this line", "end the value with the quote it starts with")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> String {
        let lines = parse(line).unwrap();
        assert_eq!(lines.len(), 1, "{line}");
        lines[0].value.clone()
    }

    #[test]
    fn values_are_read_as_a_shell_would() {
        let table = [
            ("A=b", "b"),
            ("A = b ", "b"),
            ("export A=b", "b"),
            ("A=", ""),
            ("A=b c", "b c"),
            ("A=b # c", "b"),
            ("A=b#c", "b#c"),
            ("A=# c", ""),
            ("A=x=y==", "x=y=="),
            ("A='b # $c \\n'", "b # $c \\n"),
            ("A='b' # c", "b"),
            ("A=\"b # c\"", "b # c"),
            ("A=\"say \\\"hi\\\"\\n\\$5 \\\\ \\d\"", "say \"hi\"\n$5 \\ \\d"),
            ("A=שלום", "שלום"),
            ("\u{feff}A=b", "b"),
        ];
        for (line, expected) in table {
            assert_eq!(value(line), expected, "{line}");
        }
    }

    #[test]
    fn comments_and_blank_lines_are_skipped_and_lines_are_counted() {
        let lines = parse("# first\r\n\r\n  A=1\r\nexporter=2\r\n").unwrap();
        let read: Vec<_> = lines.iter().map(|l| (l.number, l.name.as_str(), l.value.as_str())).collect();
        assert_eq!(read, [(3, "A", "1"), (4, "exporter", "2")]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_without_its_value() {
        for line in ["just words", "1A=b", "A B=c", "=x", "A='s3cret", "A=\"s3cret", "A=\"s3cret\" more"] {
            let (number, wrong) = parse(&format!("# one\n{line}\n")).unwrap_err();
            assert_eq!(number, 2, "{line}");
            assert!(!wrong.what.contains("s3cret"), "{line}: {}", wrong.what);
        }
    }
}
