//! `trunkline tenant`, `key`, `user`: who may come in, and what for.

mod carriers;

use serde_json::{Value, json};

use super::calls::text;
use super::trust::{AskedKey, AskedUser, Kind, Trust};
use crate::cli::{Key, OfTenant, Reach, Tenant, User};
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, clean, say, say_json, table};
use trunkline_core::private::Private;

/// Makes a tenant, lists them, or shuts one out.
pub(super) async fn tenant(command: Tenant) -> Result<Exit, Failure> {
    match command {
        Tenant::Add { id, name, reach } => {
            let trust = Trust::find(&reach).await?;
            let added = trust.add_tenant(&id, name.as_deref().unwrap_or(&id)).await;
            trust.close().await;
            tell(&reach, &added?, |added| {
                say(&format!(
                    "Tenant {} is there. Its first key: trunkline key add NAME --tenant {0}",
                    text(added, "id")
                ));
            })
        }
        Tenant::List(reach) => list(&reach, Kind::Tenants, None).await,
        Tenant::Carriers { id, accounts, choice, weights, countries, from, reach } => {
            let asked = carriers::Asked { accounts, choice, weights, countries, from };
            carriers::set(&id, &asked, &reach).await
        }
        Tenant::Revoke { id, reach } => revoke(&reach, Kind::Tenants, &id).await,
    }
}

/// Makes a key, lists them, or revokes one.
pub(super) async fn key(command: Key) -> Result<Exit, Failure> {
    match command {
        Key::Add { name, tenant, role, scopes, expires_at, reach } => {
            let trust = Trust::find(&reach).await?;
            let added = trust.add_key(AskedKey { name, tenant, role, scopes, expires_at }).await;
            trust.close().await;
            tell(&reach, &added?, |added| {
                say(&format!("API key  {}", text(added, "key")));
                say(&format!(
                    "It is shown this once. It opens the calls of {} as {}; its id is {}.",
                    text(added, "tenant"),
                    text(added, "role"),
                    text(added, "id"),
                ));
            })
        }
        Key::List(OfTenant { tenant, reach }) => list(&reach, Kind::Keys, tenant.as_deref()).await,
        Key::Revoke { id, reach } => revoke(&reach, Kind::Keys, &id).await,
    }
}

/// Adds a user, lists them, or shuts one out.
pub(super) async fn user(command: User) -> Result<Exit, Failure> {
    match command {
        User::Add { name, tenant, role, login, password_stdin, reach } => {
            let password = given(password_stdin)?;
            let trust = Trust::find(&reach).await?;
            let added = trust.add_user(AskedUser { name, tenant, role, login, password }).await;
            trust.close().await;
            tell(&reach, &added?, |added| {
                say(&format!(
                    "{} works for {} as {}; the id is {}.",
                    clean(text(added, "name")),
                    text(added, "tenant"),
                    text(added, "role"),
                    text(added, "id"),
                ));
                show_password(added);
            })
        }
        User::Password { id, password_stdin, reach } => {
            let password = given(password_stdin)?;
            let trust = Trust::find(&reach).await?;
            let set = trust.set_password(&id, password).await;
            trust.close().await;
            tell(&reach, &set?, |set| {
                say("The password is set; the sessions of the one before have ended.");
                show_password(set);
            })
        }
        User::List(OfTenant { tenant, reach }) => list(&reach, Kind::Users, tenant.as_deref()).await,
        User::Revoke { id, reach } => revoke(&reach, Kind::Users, &id).await,
    }
}

/// A password that was made, this once.
fn show_password(user: &Value) {
    if let Some(password) = user["password"].as_str() {
        say(&format!("Login     {}", text(user, "login")));
        say(&format!("Password  {password}"));
        say("It is shown this once.");
    }
}

/// The first line of standard input, where a password is to be read from there.
fn given(from_stdin: bool) -> Result<Option<Private<String>>, Failure> {
    if !from_stdin {
        return Ok(None);
    }
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::while_doing("reading the password", &error))?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err(Failure::new(Exit::Usage, "there is no password on standard input"));
    }
    Ok(Some(Private::new(password)))
}

async fn list(reach: &Reach, kind: Kind, tenant: Option<&str>) -> Result<Exit, Failure> {
    let trust = Trust::find(reach).await?;
    let listed = trust.list(kind, tenant).await;
    trust.close().await;
    tell(reach, &listed?, |listed| {
        let columns: &[&str] = match kind {
            Kind::Tenants => &["id", "name", "carriers", "created_at", "revoked_at"],
            Kind::Keys => &["id", "tenant", "role", "name", "created_at", "expires_at", "revoked_at"],
            Kind::Users => &["id", "tenant", "role", "name", "login", "created_at", "revoked_at"],
        };
        let cell = |row: &Value, name: &str| match name {
            "carriers" => carriers::in_short(&row["carriers"]),
            name => text(row, name).to_owned(),
        };
        let row = |row: &Value| columns.iter().map(|name| cell(row, name)).collect();
        let rows: Vec<Vec<String>> = listed[kind.word()].as_array().into_iter().flatten().map(row).collect();
        match (rows.is_empty(), kind) {
            (true, Kind::Tenants) => say("No tenant was made: everything is the default tenant's."),
            (true, _) => say(&format!("No {} were made.", kind.word())),
            (false, _) => table(columns, &rows).iter().for_each(|line| say(line)),
        }
    })
}

async fn revoke(reach: &Reach, kind: Kind, id: &str) -> Result<Exit, Failure> {
    let trust = Trust::find(reach).await?;
    let revoked = trust.revoke(kind, id).await;
    trust.close().await;
    revoked?;
    tell(reach, &json!({ "id": id, "revoked": true }), |_| {
        say(&format!("{} opens nothing any more.", clean(id)));
    })
}

fn tell(reach: &Reach, value: &Value, in_words: impl FnOnce(&Value)) -> Result<Exit, Failure> {
    match Form::of(reach.json) {
        Form::Json => say_json(value),
        Form::Text => in_words(value),
    }
    Ok(Exit::Fine)
}
