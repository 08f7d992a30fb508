//! The words for calls: to make one, to look at them, to end one.

use clap::Args;

use super::Reach;

#[derive(Debug, Args)]
pub(crate) struct Call {
    /// Whom to call, such as +15550100123
    pub to: String,
    /// Which script asks; the default one if not given
    #[arg(long, value_name = "NAME")]
    pub script: Option<String>,
    /// Which bot talks, instead of a script
    #[arg(long, value_name = "NAME")]
    pub bot: Option<String>,
    /// Where software of yours listens that talks with them, such as wss://example.com/media
    #[arg(long, value_name = "ADDRESS", conflicts_with = "bot")]
    pub stream_url: Option<String>,
    /// The person's name
    #[arg(long)]
    pub name: Option<String>,
    /// A value for the script's {{…}}; may be given again
    #[arg(long = "var", value_name = "KEY=VALUE", value_parser = pair)]
    pub variables: Vec<(String, String)>,
    /// Which number they see
    #[arg(long, value_name = "NUMBER")]
    pub from: Option<String>,
    /// Repeated with the same key, the same call is meant
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Wait until the call is over; the exit code says whether it was completed
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub reach: Reach,
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    if key.is_empty() { Err("write KEY=VALUE".to_owned()) } else { Ok((key.to_owned(), value.to_owned())) }
}

#[derive(Debug, Args)]
pub(crate) struct Calls {
    /// Only calls that are not over
    #[arg(long)]
    pub active: bool,
    /// Words in numbers, name or metadata
    #[arg(long, value_name = "WORDS")]
    pub search: Option<String>,
    /// Only with this status, such as busy; may be given again
    #[arg(long)]
    pub status: Vec<String>,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub limit: u32,
    /// Go on after the page that ended with this
    #[arg(long)]
    pub cursor: Option<String>,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct OneCall {
    /// The call, by our id or the carrier's
    pub call: String,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct Transfer {
    /// The call, by our id or the carrier's
    pub call: String,
    /// Whom to call: E.164, or as dialed in the server's country
    pub to: String,
    /// How long it may ring
    #[arg(long, value_name = "SECS")]
    pub ring_timeout: Option<u32>,
    /// Ask whoever picks up whether they take the call, before the two are joined
    #[arg(long)]
    pub attended: bool,
    #[command(flatten)]
    pub reach: Reach,
}

#[derive(Debug, Args)]
pub(crate) struct Recover {
    /// Only ask and count
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub reach: Reach,
}
