//! Tenants, keys and users: who may come in, and what for. A key is told once, in the answer to who made it.

pub(crate) mod spec;

use super::fields::Fields;
use super::{By, Named, json, read};
use crate::problem::Problem;
use crate::web::Web;
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use trunkline_core::dial::choice::Policy;
use trunkline_core::id::{KeyId, TenantId, UserId};
use trunkline_core::private::Private;
use trunkline_core::tenancy::{
    ApiKey, BadName, CarrierPolicy, Login, OwnAccount, Role, Scopes, Tenant, User,
};
use trunkline_engine::{NewKey, NewUser};

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tenants")]
struct TenantsJson {
    tenants: Vec<Tenant>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Keys")]
struct KeysJson<'a> {
    keys: Vec<KeyJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Key")]
struct KeyJson<'a> {
    id: &'a KeyId,
    tenant: &'a TenantId,
    name: &'a str,
    role: Role,
    /// What of that it is good for.
    scopes: Scopes,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    /// The key itself: only in the answer to who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Users")]
struct UsersJson<'a> {
    users: Vec<UserJson<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "User")]
struct UserJson<'a> {
    id: &'a UserId,
    tenant: &'a TenantId,
    name: &'a str,
    /// What they sign in as; null: they don't.
    login: Option<&'a str>,
    role: Role,
    created_at: Timestamp,
    password_set_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    /// The password: only in the answer to who had one made.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

impl<'a> UserJson<'a> {
    fn of(user: &'a User, made: Option<&'a Private<String>>) -> Self {
        Self {
            id: &user.id,
            tenant: &user.tenant,
            name: user.name.reveal(),
            login: user.login.as_ref().map(Login::as_str),
            role: user.role,
            created_at: user.created_at,
            password_set_at: user.password.as_ref().map(|password| password.set_at),
            revoked_at: user.revoked_at,
            password: made.map(|made| made.reveal().as_str()),
        }
    }
}

impl<'a> KeyJson<'a> {
    fn of(key: &'a ApiKey, text: Option<&'a str>) -> Self {
        Self {
            id: &key.id,
            tenant: &key.tenant,
            name: &key.name,
            role: key.role,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            key: text,
        }
    }
}

/// `GET /api/tenants`
pub(crate) async fn tenants(State(web): State<Arc<Web>>, By(caller): By) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &TenantsJson { tenants: web.engine.tenants(&caller)? }))
}

/// `POST /api/tenants`
pub(crate) async fn add_tenant(
    State(web): State<Arc<Web>>,
    By(caller): By,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let id = fields.text(&["id"])?.ok_or_else(|| Problem::field("id", "is missing"))?;
    let name = fields.text(&["name"])?.unwrap_or_else(|| id.clone());
    fields.none_left()?;
    Ok(json(StatusCode::CREATED, &web.engine.add_tenant(&caller, &id, &name).await?))
}

/// `DELETE /api/tenants/{id}`
pub(crate) async fn revoke_tenant(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<String>,
) -> Result<Response, Problem> {
    web.engine.revoke_tenant(&caller, &TenantId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PUT /api/tenants/{id}/carriers`
pub(crate) async fn set_carriers(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let policy = CarrierPolicy { accounts: accounts(&mut fields)?, choice: choice(&mut fields)? };
    fields.none_left()?;
    let tenant = web.engine.set_carriers(&caller, &TenantId::new(id), Some(policy)).await?;
    Ok(json(StatusCode::OK, &tenant))
}

/// `DELETE /api/tenants/{id}/carriers`
pub(crate) async fn unset_carriers(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<String>,
) -> Result<Response, Problem> {
    web.engine.set_carriers(&caller, &TenantId::new(id), None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn accounts(fields: &mut Fields) -> Result<Vec<OwnAccount>, Problem> {
    let value = fields.take(&["accounts"]).ok_or_else(|| Problem::field("accounts", "is missing"))?;
    let words: Vec<Value> = serde_json::from_value(value)
        .map_err(|_| Problem::field("accounts", "must be a list of names, or of objects with a name"))?;
    let account = |value: Value| match value {
        Value::String(name) => serde_json::from_value(serde_json::json!({ "name": name })),
        value => serde_json::from_value(value),
    };
    let read = words.into_iter().map(account).collect::<Result<_, _>>();
    read.map_err(|bad| Problem::field("accounts", &bad.to_string()))
}

fn choice(fields: &mut Fields) -> Result<Policy, Problem> {
    let Some(value) = fields.take(&["choice"]) else { return Ok(Policy::First) };
    serde_json::from_value(value)
        .map_err(|_| Problem::field("choice", &format!("one of {}", Policy::WORDS.join(", "))))
}

/// `GET /api/keys?tenant=…`
pub(crate) async fn keys(
    State(web): State<Arc<Web>>,
    By(caller): By,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let keys = web.engine.keys(&caller, of(query.as_deref())?.as_ref())?;
    Ok(json(StatusCode::OK, &KeysJson { keys: keys.iter().map(|key| KeyJson::of(key, None)).collect() }))
}

/// `POST /api/keys`
pub(crate) async fn add_key(
    State(web): State<Arc<Web>>,
    By(caller): By,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let asked = NewKey {
        tenant: fields.text(&["tenant"])?.map(TenantId::new),
        name: fields.text(&["name"])?.ok_or_else(|| Problem::field("name", "is missing"))?,
        role: role(&mut fields)?,
        scopes: scopes(&mut fields)?,
        expires_at: fields.time("expires_at")?,
    };
    fields.none_left()?;
    let (key, text) = web.engine.add_key(&caller, asked).await?;
    Ok(json(StatusCode::CREATED, &KeyJson::of(&key, Some(&text))))
}

/// `DELETE /api/keys/{id}`
pub(crate) async fn revoke_key(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<String>,
) -> Result<Response, Problem> {
    web.engine.revoke_key(&caller, &KeyId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /api/users?tenant=…`
pub(crate) async fn users(
    State(web): State<Arc<Web>>,
    By(caller): By,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let users = web.engine.users(&caller, of(query.as_deref())?.as_ref())?;
    Ok(json(
        StatusCode::OK,
        &UsersJson { users: users.iter().map(|user| UserJson::of(user, None)).collect() },
    ))
}

/// `POST /api/users`
pub(crate) async fn add_user(
    State(web): State<Arc<Web>>,
    By(caller): By,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let asked = NewUser {
        tenant: fields.text(&["tenant"])?.map(TenantId::new),
        name: Private::new(fields.text(&["name"])?.ok_or_else(|| Problem::field("name", "is missing"))?),
        role: role(&mut fields)?,
        login: fields.text(&["login"])?,
        password: fields.text(&["password"])?.map(Private::new),
    };
    fields.none_left()?;
    let added = web.engine.add_user(&caller, asked).await?;
    Ok(json(StatusCode::CREATED, &UserJson::of(&added.user, added.made.as_ref())))
}

/// `PUT /api/users/{id}/password`
pub(crate) async fn set_password(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let asked = fields.text(&["password"])?.map(Private::new);
    fields.none_left()?;
    let set = web.engine.set_password(&caller, &UserId::new(id), asked).await?;
    Ok(json(StatusCode::OK, &UserJson::of(&set.user, set.made.as_ref())))
}

/// `DELETE /api/users/{id}`
pub(crate) async fn revoke_user(
    State(web): State<Arc<Web>>,
    By(caller): By,
    Named(id): Named<String>,
) -> Result<Response, Problem> {
    web.engine.revoke_user(&caller, &UserId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The least that is of use, unless more is asked for.
fn role(fields: &mut Fields) -> Result<Role, Problem> {
    match fields.text(&["role"])? {
        None => Ok(Role::Agent),
        Some(word) => Role::parse(&word).ok_or_else(|| Problem::field("role", &BadName::Role.to_string())),
    }
}

/// What a key is to be good for, if it is said.
fn scopes(fields: &mut Fields) -> Result<Option<Scopes>, Problem> {
    let Some(value) = fields.take(&["scopes"]) else { return Ok(None) };
    serde_json::from_value(value)
        .map(Some)
        .map_err(|_| Problem::field("scopes", &BadName::Scopes.to_string()))
}

/// Of which tenant, if the query says so.
pub(super) fn of(query: Option<&str>) -> Result<Option<TenantId>, Problem> {
    let mut of = None;
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*name {
            "tenant" => of = Some(TenantId::new(value)),
            other => return Err(Problem::query(other, "is unknown; give tenant")),
        }
    }
    Ok(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_one_there_is_and_little_if_none_is_given() {
        let role_of = |body: &str| role(&mut Fields::read(body.as_bytes()).unwrap());
        assert_eq!(role_of("{}").unwrap(), Role::Agent);
        assert_eq!(role_of(r#"{"role": "owner"}"#).unwrap(), Role::Owner);
        assert!(role_of(r#"{"role": "root"}"#).unwrap_err().why().unwrap().contains("system_admin"));
    }

    #[test]
    fn a_misspelled_query_is_not_taken_for_none() {
        assert_eq!(of(Some("tenant=acme")).unwrap(), Some(TenantId::new("acme")));
        assert!(of(Some("tennant=acme")).is_err());
    }
}
