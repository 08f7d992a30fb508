//! The list of problems, as `docs/errors.md` has it.

use crate::code::Code;
use std::fmt::Write;

const HEAD: &str = "\
# Errors

Every error is `application/problem+json` (RFC 9457). Programs look at `code`, which never changes its meaning; `title` is the
same for every such problem, `detail` says what exactly in this one, `status` is the HTTP status, `type` is where a server
explains it. `X-Request-Id` names the request in the server's log. Other members are named below. More codes may be added: treat an unknown one by its status.

<!-- Written by `cargo xtask generate` from crates/web/src/code.rs. -->

| code | status | when | what to do |
|---|---|---|---|
";

/// Every problem with its status, when it comes and what to do, as Markdown.
pub fn errors() -> String {
    Code::ALL.iter().fold(HEAD.to_owned(), |mut page, code| {
        let (word, status) = (code.word(), code.status().as_u16());
        let _ = writeln!(
            page,
            "| <a id=\"{word}\"></a>`{word}` | {status} | {} | {} |",
            code.when(),
            code.then()
        );
        page
    })
}
