//! The words for whose calls they are: tenants, keys, users.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use trunkline_core::tenancy::{Role, Scope, Scopes};

use super::Reach;

#[derive(Debug, Subcommand)]
pub(crate) enum Tenant {
    /// Make a tenant
    Add {
        /// Its id: small letters, digits and dashes, such as acme; never given twice
        id: String,
        /// What people call it; the id, if not given
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show the tenants there are and were
    List(Reach),
    /// Say which carrier accounts its calls go through; with none named, whichever the server chooses. Needs a running server
    Carriers {
        /// Its id
        id: String,
        /// An account's name, the first choice first; again for more
        #[arg(long = "account", value_name = "NAME")]
        accounts: Vec<String>,
        /// How one of them is chosen: first, weighted or by_country
        #[arg(long, requires = "accounts")]
        choice: Option<String>,
        /// Of an account's its share, such as israel=3; again for more
        #[arg(long = "weight", value_name = "NAME=SHARE", requires = "accounts")]
        weights: Vec<String>,
        /// Of an account's a country, such as israel=IL; again for more
        #[arg(long = "country", value_name = "NAME=COUNTRY", requires = "accounts")]
        countries: Vec<String>,
        /// Of an account's the number that calls are shown as, such as israel=+97235550100; again for more
        #[arg(long = "from", value_name = "NAME=NUMBER", requires = "accounts")]
        from: Vec<String>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Shut a tenant out: none of its keys opens anything any more; its calls under way go on to their end
    Revoke {
        /// Its id
        id: String,
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key; it is shown this once
    Add {
        /// What it is for, such as "CRM"
        name: String,
        /// Whose calls it opens; the default tenant's, if not given
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// What it may do: agent, admin, owner or system_admin
        #[arg(long, default_value = "agent", value_parser = role)]
        role: Role,
        /// What of that it is good for: read, calls, campaigns, admin; all, if not given
        #[arg(long, value_parser = scopes)]
        scopes: Option<Scopes>,
        /// Until when it opens anything; for ever, if not given
        #[arg(long, value_name = "TIME")]
        expires_at: Option<Timestamp>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show the keys there are and were, without the keys themselves
    List(OfTenant),
    /// Shut a key out, within a second
    Revoke {
        /// Its id, as the list shows it
        id: String,
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add somebody who works for a tenant
    Add {
        /// Their name
        name: String,
        /// For whom they work; the default tenant, if not given
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// What they may do: agent, admin, owner or system_admin
        #[arg(long, default_value = "agent", value_parser = role)]
        role: Role,
        /// What they sign in to the dashboard as, such as an e-mail address; a password is made and shown this once
        #[arg(long, value_name = "NAME")]
        login: Option<String>,
        /// Take the password from standard input instead of making one
        #[arg(long, requires = "login")]
        password_stdin: bool,
        #[command(flatten)]
        reach: Reach,
    },
    /// Give a user another password; it is made and shown this once, and their sessions end
    Password {
        /// Their id, as the list shows it
        id: String,
        /// Take the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show the users there are and were
    List(OfTenant),
    /// Shut a user out
    Revoke {
        /// Their id, as the list shows it
        id: String,
        #[command(flatten)]
        reach: Reach,
    },
}

#[derive(Debug, Args)]
pub(crate) struct OfTenant {
    /// Only those of this tenant
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    #[command(flatten)]
    pub reach: Reach,
}

fn scopes(words: &str) -> Result<Scopes, String> {
    Scopes::parse(words)
        .ok_or_else(|| format!("give one or more of {}, with commas between", Scope::WORDS.join(", ")))
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| format!("give one of {}", Role::WORDS.join(", ")))
}
