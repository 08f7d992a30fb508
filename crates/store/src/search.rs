//! Calls by their words: kept as the core parts them, the same on every engine, so that every engine finds the same.

use crate::db::Durability;
use crate::error::StoreError;
use crate::rows::{self, Columns};
use crate::sql;
use crate::store::Store;
use std::collections::BTreeMap;
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, TenantId};
use trunkline_core::search::{Asked, words_of};

const DOING: &str = "keeping words";
/// Set in `meta` once every call that was there before the index has its words.
const FILLED: &str = "search_filled";

/// A row of `search`. Its first word is the tenant's own, so that nobody's search walks through the calls of others.
pub(crate) fn row(call: &Call) -> Columns {
    let mut words = format!(" {}", tenant_word(&call.tenant));
    for word in words_of(call) {
        words.push(' ');
        words.push_str(&word);
    }
    vec![
        ("call", call.id.to_string().into()),
        ("tenant", rows::text(call.tenant.as_str())),
        ("words", words.into()),
    ]
}

/// No word of a call begins so. Two tenants may share it: rows are parted by their tenants all the same.
fn tenant_word(tenant: &TenantId) -> String {
    let letters = tenant.as_str().chars().filter(|letter| letter.is_alphanumeric()).take(64);
    format!("§{}", letters.collect::<String>())
}

/// LIKE patterns of all words, as the members of a JSON object.
pub(crate) fn patterns(asked: &Asked) -> Option<String> {
    let patterns: BTreeMap<usize, String> =
        asked.words().iter().map(|word| format!("% {word}%")).enumerate().collect();
    serde_json::to_string(&patterns).ok()
}

/// What FTS5 and `tsquery` take. Words are letters and digits: nothing in them could end a quotation.
pub(crate) fn quoted(asked: &Asked, tenant: &TenantId, engine: Quoting) -> String {
    let own = tenant_word(tenant);
    let all = asked.words().iter();
    match engine {
        Quoting::Fts5 => all.fold(format!("\"{own}\""), |query, word| format!("{query} AND \"{word}\"*")),
        Quoting::TsQuery => all.fold(format!("'{own}'"), |query, word| format!("{query} & '{word}':*")),
    }
}

/// Whose words.
#[derive(Clone, Copy)]
pub(crate) enum Quoting {
    Fts5,
    TsQuery,
}

impl Store {
    /// Keeps the words of the next calls that were there before there was an index, at most so many; where to go on, or `None`
    /// once all have theirs.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn keep_words_after(
        &self,
        after: Option<CallId>,
        limit: u16,
    ) -> Result<Option<CallId>, StoreError> {
        if after.is_none() && !self.db.read(DOING, &sql::META, vec![FILLED.into()]).await?.is_empty() {
            return Ok(None);
        }
        let from = after.map_or(String::new(), |id| id.to_string());
        let rows =
            self.db.read(DOING, &sql::WORDLESS_AFTER, vec![from.into(), i64::from(limit).into()]).await?;
        let ids = rows.iter().map(|row| row.word("id")).collect::<Result<Vec<CallId>, _>>()?;
        let calls = self.load_folds(&ids).await?;
        let mut tx = self.db.begin(DOING, Durability::Projection).await?;
        tx.insert(&sql::UPSERT_WORDS, calls.iter().map(row).collect()).await?;
        if ids.is_empty() {
            tx.run(&sql::PUT_META, vec![FILLED.into(), "yes".into()]).await?;
        }
        self.db.in_place(DOING)?;
        tx.commit().await?;
        Ok(ids.last().copied())
    }
}
