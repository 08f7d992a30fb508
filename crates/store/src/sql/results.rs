//! Statements that read what the people of a script answered.

use super::{rows, statements};

/// Who a call is with, as the index has it: the number, or the call itself where there is none.
macro_rules! person {
    () => {
        "(CASE WHEN direction = 'inbound' \
         THEN CASE WHEN substr(from_number, 1, 1) = '+' THEN from_number ELSE id END \
         ELSE CASE WHEN substr(to_number, 1, 1) = '+' THEN to_number ELSE id END END)"
    };
}

statements! { RESULTS:
    /// `$1` tenant, `$2` script, `$3` after this person, `$4` how many: people, in order.
    PEOPLE_OF_SCRIPT = concat!(
        "SELECT DISTINCT ", person!(), " AS person FROM calls WHERE tenant = $1 AND script = $2 AND ", person!(),
        " > $3 ORDER BY 1 LIMIT $4");

    /// `$1`: rows with `id`, a person; `$2` tenant, `$3` script: their last calls by it, of each the last one last.
    CALLS_OF_PEOPLE = concat!(
        rows!(),
        "SELECT item ->> 'id' AS person, calls.id FROM r JOIN calls ON calls.id IN (SELECT id FROM calls \
         WHERE tenant = $2 AND script = $3 AND ", person!(), " = item ->> 'id' ORDER BY created_at DESC, id DESC LIMIT 20) \
         ORDER BY 1, calls.created_at, calls.id");
}
