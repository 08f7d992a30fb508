//! A question and its answer in Redis's own words.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// There is nothing.
    Nothing,
    /// A word such as `OK`.
    Word(String),
    /// A number.
    Number(i64),
    /// Any bytes.
    Bytes(Vec<u8>),
    /// Several of them.
    Many(Vec<Reply>),
}

pub(super) fn ask(stream: &mut BufReader<TcpStream>, words: &[&[u8]]) -> io::Result<Reply> {
    let mut question = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        question.extend(format!("${}\r\n", word.len()).into_bytes());
        question.extend_from_slice(word);
        question.extend(b"\r\n");
    }
    stream.get_mut().write_all(&question)?;
    answer(stream)
}

fn answer(stream: &mut BufReader<TcpStream>) -> io::Result<Reply> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let line = line.trim_end();
    let kind = line.chars().next().ok_or(io::ErrorKind::UnexpectedEof)?;
    let rest = &line[1..];
    let number = || rest.parse::<i64>().map_err(|_| io::Error::other("it gives no number"));
    match kind {
        '+' => Ok(Reply::Word(rest.to_owned())),
        '-' => Err(io::Error::other(rest.to_owned())),
        ':' => number().map(Reply::Number),
        '$' | '*' if number()? < 0 => Ok(Reply::Nothing),
        '$' => {
            let length = usize::try_from(number()?).map_err(io::Error::other)?;
            let mut bytes = vec![0; length + 2];
            stream.read_exact(&mut bytes)?;
            bytes.truncate(length);
            Ok(Reply::Bytes(bytes))
        }
        '*' => (0..number()?).map(|_| answer(stream)).collect::<io::Result<_>>().map(Reply::Many),
        _ => Err(io::Error::other("it speaks another language")),
    }
}
