//! Statements about the queue's rows as rows: for exports, imports and checks, and for what has had its time.

use super::{rows, statements};

statements! { QUEUE_ROWS:
    /// `$1` after this id, `$2` limit.
    LEADS_AFTER =
        "SELECT id, tenant, number, raw, name, zone, fields, created_at, updated_at FROM leads \
         WHERE id > $1 ORDER BY id LIMIT $2";

    /// `$1` after this id, `$2` limit.
    JOBS_AFTER =
        "SELECT fold, number, variables, ready_at, gate, pair, updated_at FROM jobs \
         WHERE id > $1 ORDER BY id LIMIT $2";

    /// `$1` after this call, `$2` limit.
    ATTEMPTS_AFTER =
        "SELECT call, tenant, campaign, job, no, node, claimed_at FROM attempts \
         WHERE call > $1 ORDER BY call LIMIT $2";

    /// `$1`: rows with `id`. Which of these there are.
    KNOWN_LEADS = concat!(rows!(), "SELECT id FROM leads WHERE id IN (SELECT item ->> 'id' FROM r)");

    /// `$1`: rows with `tenant` and `number`.
    LEADS_BY_NUMBER = concat!(rows!(),
        "SELECT leads.id, leads.tenant, leads.number FROM r \
         JOIN leads ON leads.tenant = item ->> 'tenant' AND leads.number = item ->> 'number'");

    /// `$1`: rows of leads. Who is known, by id or by number, stays as they are.
    ADD_LEADS = concat!(rows!(),
        "INSERT INTO leads (id, tenant, number, raw, name, zone, fields, created_at, updated_at) \
         SELECT item ->> 'id', item ->> 'tenant', item ->> 'number', item ->> 'raw', item ->> 'name', item ->> 'zone', \
         item ->> 'fields', CAST(item ->> 'created_at' AS BIGINT), CAST(item ->> 'updated_at' AS BIGINT) \
         FROM r WHERE true ON CONFLICT DO NOTHING");

    /// `$1`: rows of jobs, every column.
    ADD_JOB_ROWS = concat!(rows!(),
        "INSERT INTO jobs (id, tenant, campaign, lead, number, state, bucket, priority, ready_at, gate, dedup, node, pair, \
         updated_at, variables, fold) \
         SELECT item ->> 'id', item ->> 'tenant', item ->> 'campaign', item ->> 'lead', item ->> 'number', \
         item ->> 'state', item ->> 'bucket', CAST(item ->> 'priority' AS BIGINT), CAST(item ->> 'ready_at' AS BIGINT), \
         item ->> 'gate', item ->> 'dedup', item ->> 'node', item ->> 'pair', CAST(item ->> 'updated_at' AS BIGINT), \
         item ->> 'variables', item ->> 'fold' FROM r WHERE true ON CONFLICT DO NOTHING");

    /// `$1`: rows of campaigns.
    ADD_CAMPAIGN_ROWS = concat!(rows!(),
        "INSERT INTO campaigns (id, tenant, name, state, version, created_at, updated_at, fold) \
         SELECT item ->> 'id', item ->> 'tenant', item ->> 'name', item ->> 'state', 1, \
         CAST(item ->> 'created_at' AS BIGINT), CAST(item ->> 'updated_at' AS BIGINT), item ->> 'fold' \
         FROM r WHERE true ON CONFLICT DO NOTHING");

    /// `$1` after this id, `$2` limit: jobs, and whether what they belong to is there.
    AUDIT_JOBS =
        "SELECT id, tenant, campaign, lead, state, bucket, priority, dedup, node, fold, \
         (SELECT COUNT(*) FROM leads WHERE leads.id = jobs.lead) AS leads, \
         (SELECT COUNT(*) FROM campaigns WHERE campaigns.id = jobs.campaign) AS campaigns \
         FROM jobs WHERE id > $1 ORDER BY id LIMIT $2";

    /// `$1`: rows with `id`. When these calls ended.
    CALL_ENDS = concat!(rows!(), "SELECT id, ended_at FROM calls WHERE id IN (SELECT item ->> 'id' FROM r)");

    /// `$1`: rows with `call` and `job`. The calls whose job is there and whose attempt is not.
    CALLS_WITHOUT_ATTEMPT = concat!(rows!(),
        "SELECT item ->> 'call' AS call FROM r JOIN jobs ON jobs.id = item ->> 'job' \
         LEFT JOIN attempts ON attempts.call = item ->> 'call' WHERE attempts.call IS NULL");

    /// How many attempts there are, and how many belong to nothing.
    ATTEMPTS_COUNTED =
        "SELECT COUNT(*) AS n, COUNT(*) - COUNT(jobs.id) AS without_job, COUNT(*) - COUNT(calls.id) AS without_call \
         FROM attempts LEFT JOIN jobs ON jobs.id = attempts.job LEFT JOIN calls ON calls.id = attempts.call";

    /// `$1` closed before: campaigns of which nothing is open, and of whose calls none ended later.
    CLOSED_BEFORE =
        "SELECT id FROM campaigns WHERE state IN ('finished', 'cancelled') AND updated_at < $1 \
         AND tenant = COALESCE($2, tenant) AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.campaign = campaigns.id \
             AND jobs.bucket IN ('waiting', 'in_progress', 'parked')) \
         AND NOT EXISTS (SELECT 1 FROM attempts JOIN calls ON calls.id = attempts.call \
             WHERE attempts.campaign = campaigns.id AND (calls.ended_at IS NULL OR calls.ended_at >= $1)) \
         ORDER BY id";

    /// `$1` campaign.
    CAMPAIGN_WEIGHED =
        "SELECT (SELECT COUNT(*) FROM jobs WHERE campaign = $1) AS jobs, \
         (SELECT COUNT(*) FROM attempts WHERE campaign = $1) AS attempts";

    /// `$1` campaign, `$2` limit.
    SETTLED_JOBS = "SELECT id FROM jobs WHERE campaign = $1 AND state = 'settled' ORDER BY lead LIMIT $2";

    /// `$1`: rows with `id`.
    DELETE_ATTEMPTS_OF = concat!(rows!(), "DELETE FROM attempts WHERE job IN (SELECT item ->> 'id' FROM r)");

    /// `$1`: rows with `id`.
    DELETE_JOBS = concat!(rows!(), "DELETE FROM jobs WHERE id IN (SELECT item ->> 'id' FROM r)");

    /// `$1` campaign: if no job of it is left.
    DELETE_EMPTY_CAMPAIGN =
        "DELETE FROM campaigns WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.campaign = campaigns.id)";
}
