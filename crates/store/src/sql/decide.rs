//! Statements of decision data: tenants, keys, users, numbers. Here is their truth.

use super::statements;

statements! { DECISIONS:
    /// Which database this is, and how often its decision data has changed.
    DECISIONS_STAND =
        "SELECT id.value AS store, changes.value AS changes FROM meta AS id, meta AS changes \
         WHERE id.key = 'store_id' AND changes.key = 'decisions'";

    /// Every tenant there ever was.
    TENANTS = "SELECT id, name, created_at, revoked_at, carriers, carriers_at FROM tenants ORDER BY id";

    /// Every key there ever was.
    API_KEYS =
        "SELECT id, tenant, hash, name, role, scopes, created_at, expires_at, revoked_at FROM api_keys ORDER BY id";

    /// Every user there ever was.
    USERS =
        "SELECT id, tenant, name, login, password, password_at, role, created_at, revoked_at FROM users ORDER BY id";

    /// Every number that ever was ours.
    NUMBERS =
        "SELECT number, tenant, label, answering, version, created_at, updated_at, removed_at FROM numbers \
         ORDER BY number";

    /// `$1` number.
    NUMBER =
        "SELECT number, tenant, label, answering, version, created_at, updated_at, removed_at FROM numbers \
         WHERE number = $1";

    /// `$1` number, `$2` tenant, `$3` label, `$4` what answers it, `$5` version, `$6` since when, `$7` changed when, `$8` nobody's
    /// since when. The higher version stands.
    PUT_NUMBER =
        "INSERT INTO numbers (number, tenant, label, answering, version, created_at, updated_at, removed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (number) DO UPDATE SET tenant = excluded.tenant, \
         label = excluded.label, answering = excluded.answering, version = excluded.version, \
         created_at = excluded.created_at, updated_at = excluded.updated_at, removed_at = excluded.removed_at \
         WHERE numbers.version < excluded.version";

    /// `$1` number, `$2` since when.
    REMOVE_NUMBER =
        "UPDATE numbers SET removed_at = $2, updated_at = $2, version = version + 1 \
         WHERE number = $1 AND removed_at IS NULL";

    /// `$1` tenant, `$2` kind, `$3` owner.
    ROSTER =
        "SELECT tenant, kind, owner, users, version, updated_at FROM rosters \
         WHERE tenant = $1 AND kind = $2 AND owner = $3";

    /// `$1` tenant.
    ROSTERS_OF =
        "SELECT tenant, kind, owner, users, version, updated_at FROM rosters WHERE tenant = $1 ORDER BY kind, owner";

    /// `$1` after so many changes, `$2` tenant, `$3` kind and `$4` owner of the last one of that change, or empty texts for the next
    /// change; `$5` how many.
    ROSTERS_AFTER =
        "SELECT tenant, kind, owner, users, version, updated_at, change FROM rosters \
         WHERE change >= $1 AND (change > $1 OR ($2 <> '' AND (tenant, kind, owner) > ($2, $3, $4))) \
         ORDER BY change, tenant, kind, owner LIMIT $5";

    /// `$1` tenant, `$2` kind, `$3` owner, `$4` users, `$5` version, `$6` changed when. The higher version stands. In a transaction that
    /// has been counted.
    PUT_ROSTER =
        "INSERT INTO rosters (tenant, kind, owner, users, version, updated_at, change) \
         SELECT $1, $2, $3, $4, CAST($5 AS BIGINT), CAST($6 AS BIGINT), CAST(value AS BIGINT) FROM meta WHERE key = 'decisions' \
         ON CONFLICT (tenant, kind, owner) DO UPDATE SET users = excluded.users, version = excluded.version, \
         updated_at = excluded.updated_at, change = excluded.change WHERE rosters.version < excluded.version";

    /// `$1` tenant, `$2` user.
    FORGET_BLOCKER = "DELETE FROM rosters WHERE tenant = $1 AND kind = 'blocker' AND owner = $2";

    /// `$1` id, `$2` name, `$3` since when, `$4` which carriers it uses, `$5` said when. A tenant that is there stays as it is.
    ADD_TENANT =
        "INSERT INTO tenants (id, name, created_at, carriers, carriers_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO NOTHING";

    /// `$1` id, `$2` which carriers it uses, `$3` said when. What was said later stands.
    SET_CARRIERS =
        "UPDATE tenants SET carriers = $2, carriers_at = $3 \
         WHERE id = $1 AND (carriers_at IS NULL OR carriers_at < $3)";

    /// `$1` id, `$2` tenant, `$3` hash, `$4` name, `$5` role, `$6` since when, `$7` until when, `$8` scopes.
    ADD_API_KEY =
        "INSERT INTO api_keys (id, tenant, hash, name, role, created_at, expires_at, scopes) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING";

    /// `$1` id, `$2` tenant, `$3` name, `$4` role, `$5` since when, `$6` login, `$7` the password's hash, `$8` since when it is that. A
    /// login that another user has is a conflict as well.
    ADD_USER =
        "INSERT INTO users (id, tenant, name, role, created_at, login, password, password_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";

    /// `$1` id, `$2` the password's hash, `$3` since when it is that. The later one stands.
    SET_PASSWORD =
        "UPDATE users SET password = $2, password_at = $3 \
         WHERE id = $1 AND (password_at IS NULL OR password_at < $3)";

    /// `$1` id, `$2` since when. The first revocation stands.
    REVOKE_TENANT = "UPDATE tenants SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

    /// `$1` id, `$2` since when.
    REVOKE_API_KEY = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

    /// `$1` id, `$2` since when.
    REVOKE_USER = "UPDATE users SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";

    /// In every transaction that changes one of them.
    COUNT_DECISION =
        "UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = 'decisions'";
}
