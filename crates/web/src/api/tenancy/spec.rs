//! What is said of tenants, keys and users.

use super::{KeyJson, KeysJson, TenantsJson, UserJson, UsersJson};
use crate::code::Code;
use crate::openapi::{Body, Field, Kind, Spec, TENANCY, id};
use http::StatusCode;
use trunkline_core::dial::choice::Policy;
use trunkline_core::tenancy::{Role, Scope, Tenant};

const TENANT: &[Field] = &[
    Field::new("id", Kind::Text, "Its id, never given twice.").needed().such_as("\"acme\""),
    Field::new("name", Kind::Text, "What people call it; its id if left out.").such_as("\"Acme\""),
];
const ROLE: Field =
    Field::new("role", Kind::Word(&Role::WORDS), "What it may; `agent` if left out.").such_as("\"agent\"");
const WHOSE: Field = Field::new("tenant", Kind::Text, "Whose; your own if left out.");
const KEY: &[Field] = &[
    Field::new("name", Kind::Text, "What it is for.").needed().such_as("\"dialer\""),
    ROLE,
    WHOSE,
    Field::new(
        "scopes",
        Kind::Some(&Scope::WORDS),
        "What of that it is good for; what your own key is, if left out.",
    )
    .such_as("[\"read\", \"calls\"]"),
    Field::new("expires_at", Kind::Time, "Until when it is good."),
];
const PASSWORD: Field =
    Field::new("password", Kind::Text, "Their password; one is made, and told in the answer, if left out.");
const USER: &[Field] = &[
    Field::new("name", Kind::Text, "Their name.").needed().such_as("\"Ann\""),
    ROLE,
    WHOSE,
    Field::new("login", Kind::Text, "What they sign in to the dashboard as; they don't, if left out."),
    PASSWORD,
];

pub(crate) fn tenants() -> Spec {
    Spec::of("List tenants").answers::<TenantsJson>(StatusCode::OK, "Tenants.").fails(&[Code::Forbidden])
}

pub(crate) fn add_tenant() -> Spec {
    Spec::of("Make a tenant")
        .says("For who runs the server.")
        .takes(Body::Fields(TENANT))
        .answers::<Tenant>(StatusCode::CREATED, "The tenant.")
        .fails(TENANCY)
        .fails(&[Code::Taken])
}

pub(crate) fn revoke_tenant() -> Spec {
    Spec::of("Shut a tenant out")
        .says("From now on none of its keys opens anything; its calls stay.")
        .path(const { &[id("id", "The tenant.", "\"acme\"")] })
        .answers_nothing(StatusCode::NO_CONTENT, "It is shut out.")
        .fails(TENANCY)
        .fails(&[Code::InvalidField])
}

const CARRIERS: &[Field] = &[
    Field::new(
        "accounts",
        Kind::Rows(100),
        "The accounts that the tenant's calls may go through, the first choice first: each a name, or `name` with `from` (the tenant's number that calls are shown as), `weight` and `countries`.",
    )
    .needed()
    .such_as("[{\"name\": \"twilio\", \"weight\": 3, \"countries\": [\"IL\"]}]"),
    Field::new("choice", Kind::Word(&Policy::WORDS), "How one of them is chosen; `first` if left out.")
        .such_as("\"first\""),
];

pub(crate) fn set_carriers() -> Spec {
    Spec::of("Say which carriers a tenant uses")
        .says("Its calls go through these accounts alone, also where one fails over to another. Calls that are placed already go on where they are.")
        .path(const { &[id("id", "The tenant.", "\"acme\"")] })
        .takes(Body::Fields(CARRIERS))
        .answers::<Tenant>(StatusCode::OK, "The tenant.")
        .fails(TENANCY)
        .fails(&[Code::NotFound])
}

pub(crate) fn unset_carriers() -> Spec {
    Spec::of("Let a tenant use what the server chooses")
        .path(const { &[id("id", "The tenant.", "\"acme\"")] })
        .answers_nothing(StatusCode::NO_CONTENT, "Its calls go through whichever account the server chooses.")
        .fails(TENANCY)
        .fails(&[Code::InvalidField])
}

pub(crate) fn keys() -> Spec {
    Spec::of("List keys")
        .says("Never the keys themselves: those are told once.")
        .query(&[WHOSE])
        .answers::<KeysJson<'_>>(StatusCode::OK, "Keys.")
        .fails(&[Code::Forbidden, Code::NotFound])
}

pub(crate) fn add_key() -> Spec {
    Spec::of("Make a key")
        .says("`key` is the key itself: it is told in this answer and never again.")
        .takes(Body::Fields(KEY))
        .answers::<KeyJson<'_>>(StatusCode::CREATED, "The key.")
        .fails(TENANCY)
        .fails(&[Code::NotFound, Code::Taken])
}

pub(crate) fn revoke_key() -> Spec {
    Spec::of("Revoke a key")
        .path(const { &[id("id", "The key's id.", "\"0199b2a4-7c6e-7000-8000-000000000004\"")] })
        .answers_nothing(StatusCode::NO_CONTENT, "Within a second it opens nothing.")
        .fails(TENANCY)
}

pub(crate) fn users() -> Spec {
    Spec::of("List users")
        .query(&[WHOSE])
        .answers::<UsersJson<'_>>(StatusCode::OK, "Users.")
        .fails(&[Code::Forbidden, Code::NotFound])
}

pub(crate) fn add_user() -> Spec {
    Spec::of("Add a user")
        .says("`password` is theirs, where one was made: it is told in this answer and never again.")
        .takes(Body::Fields(USER))
        .answers::<UserJson<'_>>(StatusCode::CREATED, "The user.")
        .fails(TENANCY)
        .fails(&[Code::NotFound, Code::Taken])
}

pub(crate) fn set_password() -> Spec {
    Spec::of("Set a user's password")
        .says("For who has lost it. The sessions that were opened with the one before end within a second.")
        .path(const { &[id("id", "The user's id.", "\"0199b2a4-7c6e-7000-8000-000000000005\"")] })
        .takes(Body::Fields(const { &[PASSWORD] }))
        .answers::<UserJson<'_>>(StatusCode::OK, "The user.")
        .fails(TENANCY)
}

pub(crate) fn revoke_user() -> Spec {
    Spec::of("Revoke a user")
        .path(const { &[id("id", "The user's id.", "\"0199b2a4-7c6e-7000-8000-000000000005\"")] })
        .answers_nothing(StatusCode::NO_CONTENT, "They are a user no more.")
        .fails(TENANCY)
}
