//! Who asks, and what they may: the one place that says so.

use super::{Act, Scope, Scopes};
use crate::id::TenantId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a key or a user may do, from little to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything about its tenant's calls.
    Agent,
    /// That, and its tenant's keys and users up to its own role.
    Admin,
    /// The same, and the other owners.
    Owner,
    /// Runs the server: every tenant with its keys and users. Calls are its own tenant's only.
    SystemAdmin,
}

impl Role {
    /// Every role, from little to everything.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Admin, Self::Owner, Self::SystemAdmin];
    /// Their words.
    pub const WORDS: [&str; 4] = ["agent", "admin", "owner", "system_admin"];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
            Self::Owner => "owner",
            Self::SystemAdmin => "system_admin",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// Who asks: whose calls they see, and what they may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whose calls they see.
    pub tenant: TenantId,
    /// What they may.
    pub role: Role,
    /// What of it the key that they came with is good for.
    pub scopes: Scopes,
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It takes this role, or one above.
    Role(Role),
    /// It takes a key of this scope.
    Scope(Scope),
}

impl Caller {
    /// Whoever holds the configured key: runs the server, and has the default tenant's calls.
    pub fn system() -> Self {
        Self::of(TenantId::default_tenant(), Role::SystemAdmin)
    }

    /// Somebody who may all that their role may.
    pub fn of(tenant: TenantId, role: Role) -> Self {
        Self { tenant, role, scopes: Scopes::ALL }
    }

    /// Whether they may.
    ///
    /// # Errors
    /// What they lack: the role first, since no other key of theirs would help.
    pub fn may(&self, act: Act) -> Result<(), Denied> {
        let (role, scope) = act.needs();
        if self.role < role {
            Err(Denied::Role(role))
        } else if !self.scopes.has(scope) {
            Err(Denied::Scope(scope))
        } else {
            Ok(())
        }
    }

    /// Whether they may make and revoke tenants, and see how the server is.
    pub fn runs_the_server(&self) -> bool {
        self.may(Act::RunTheServer).is_ok()
    }

    /// Whether there is this tenant, as far as they can tell.
    pub fn knows(&self, tenant: &TenantId) -> bool {
        self.runs_the_server() || self.tenant == *tenant
    }

    /// Whether they may see keys and users at all.
    pub fn manages_access(&self) -> bool {
        self.may(Act::ManageAccess).is_ok()
    }

    /// Whether they may make or revoke a key or a user of this role.
    pub fn grants(&self, role: Role) -> bool {
        self.manages_access() && role <= self.role
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role) -> Caller {
        Caller::of(TenantId::new("acme"), role)
    }

    #[test]
    fn s2_48_the_table_of_roles_and_acts() {
        use Act::{Call, Campaign, Look, ManageAccess, RunTheServer};
        let table: [(Role, &[Act]); 4] = [
            (Role::Agent, &[Look, Call, Campaign]),
            (Role::Admin, &[Look, Call, Campaign, ManageAccess]),
            (Role::Owner, &[Look, Call, Campaign, ManageAccess]),
            (Role::SystemAdmin, &[Look, Call, Campaign, ManageAccess, RunTheServer]),
        ];
        for (role, acts) in table {
            let may: Vec<Act> = Act::ALL.into_iter().filter(|act| caller(role).may(*act).is_ok()).collect();
            assert_eq!(may, acts, "{role:?}");
        }
    }

    #[test]
    fn s_16_a_key_does_what_its_scopes_say_and_no_more_whatever_its_role() {
        for scope in Scope::ALL {
            let narrow = Caller { scopes: [scope].into_iter().collect(), ..caller(Role::SystemAdmin) };
            for act in Act::ALL {
                let (_, needed) = act.needs();
                let expected = if needed == scope { Ok(()) } else { Err(Denied::Scope(needed)) };
                assert_eq!(narrow.may(act), expected, "{scope:?} {act:?}");
            }
            assert_eq!(narrow.grants(Role::Agent), scope == Scope::Admin);
        }
        let agent = Caller { scopes: [Scope::Admin].into_iter().collect(), ..caller(Role::Agent) };
        assert_eq!(agent.may(Act::RunTheServer), Err(Denied::Role(Role::SystemAdmin)), "a scope is no role");
    }

    #[test]
    fn nobody_grants_more_than_they_have_and_an_agent_nothing() {
        use Role::{Admin, Agent, Owner, SystemAdmin};
        let table: [(Role, &[Role]); 4] = [
            (Agent, &[]),
            (Admin, &[Agent, Admin]),
            (Owner, &[Agent, Admin, Owner]),
            (SystemAdmin, &[Agent, Admin, Owner, SystemAdmin]),
        ];
        for (role, granted) in table {
            let grants: Vec<Role> =
                Role::ALL.into_iter().filter(|other| caller(role).grants(*other)).collect();
            assert_eq!(grants, granted, "{role:?}");
        }
    }

    #[test]
    fn only_who_runs_the_server_knows_other_tenants() {
        for role in Role::ALL {
            assert!(caller(role).knows(&TenantId::new("acme")));
            assert_eq!(caller(role).knows(&TenantId::new("other")), role == Role::SystemAdmin, "{role:?}");
            assert_eq!(caller(role).runs_the_server(), role == Role::SystemAdmin);
        }
    }

    #[test]
    fn every_role_has_its_word() {
        for (role, word) in Role::ALL.into_iter().zip(Role::WORDS) {
            assert_eq!((Role::parse(word), role.as_str()), (Some(role), word));
            assert_eq!(serde_json::to_value(role).unwrap(), word);
        }
        assert_eq!(Role::parse("root"), None);
    }
}
