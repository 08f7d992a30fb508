//! Statements of the outbound queue: campaigns, leads, jobs, attempts. Here is their truth.

use super::{rows, statements};

macro_rules! job_folds {
    () => {
        concat!(
            rows!(),
            "SELECT fold, pair, number FROM jobs WHERE id IN (SELECT item ->> 'id' FROM r) ORDER BY id"
        )
    };
}

macro_rules! broken_jobs {
    () => {
        concat!(
            rows!(),
            "SELECT id, tenant, campaign, lead, priority, updated_at, \
             (SELECT MAX(no) FROM attempts WHERE attempts.job = jobs.id) AS attempts \
             FROM jobs WHERE id IN (SELECT item ->> 'id' FROM r) ORDER BY id"
        )
    };
}

macro_rules! person_jobs {
    () => {
        "SELECT fold, pair, number FROM jobs WHERE tenant = $1 AND number = $2 ORDER BY id"
    };
}

macro_rules! lead_ids {
    ($each:literal) => {
        concat!(
            "SELECT id, number FROM leads WHERE tenant = $1 AND number IN (SELECT j.value ->> 'number' FROM ",
            $each,
            "($2) AS j)"
        )
    };
}

macro_rules! earlier_calls {
    ($each:literal) => {
        concat!(
            "SELECT calls.id, calls.to_number, calls.created_at, calls.carrier_call_id, calls.ended_at, calls.account, \
             calls.disposition, attempts.job FROM calls LEFT JOIN attempts ON attempts.call = calls.id \
             WHERE calls.tenant = $1 AND calls.to_number IN (SELECT j.value ->> 'number' FROM ",
            $each,
            "($2) AS j) AND calls.created_at >= $3 AND calls.direction = 'outbound'"
        )
    };
}

macro_rules! gate_counts {
    ($gate:literal) => {
        concat!(
            rows!(),
            "SELECT ",
            $gate,
            " AS gate, COUNT(*) AS n FROM jobs WHERE campaign IN (SELECT item ->> 'id' FROM r) \
             AND state = 'waiting' AND gate IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
    };
}

/// A job with what is needed to dial it.
macro_rules! due {
    ($where:literal) => {
        concat!(
            "SELECT jobs.id, jobs.fold, jobs.number, jobs.variables, jobs.gate, leads.name, leads.zone \
             FROM jobs JOIN leads ON leads.id = jobs.lead WHERE ",
            $where
        )
    };
}

statements! { QUEUE:
    /// How often a campaign has been changed, of all together.
    CAMPAIGNS_STAND = "SELECT value AS changes FROM meta WHERE key = 'campaigns'";

    /// In every transaction that changes one.
    COUNT_CAMPAIGN =
        "UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = 'campaigns'";

    /// Every campaign.
    CAMPAIGNS = "SELECT id, tenant, name, fold, version FROM campaigns ORDER BY id";

    /// `$1` id, `$2` tenant, `$3` name, `$4` state, `$5` when, `$6` fold. A name that the tenant has already adds nothing.
    ADD_CAMPAIGN =
        "INSERT INTO campaigns (id, tenant, name, state, version, created_at, updated_at, fold) \
         VALUES ($1, $2, $3, $4, 1, $5, $5, $6) ON CONFLICT DO NOTHING";

    /// `$1` id, `$2` state, `$3` when, `$4` fold, `$5` the version that was read. Touches no row if somebody was faster.
    CHANGE_CAMPAIGN =
        "UPDATE campaigns SET state = $2, version = version + 1, updated_at = $3, fold = $4 \
         WHERE id = $1 AND version = $5";

    /// `$1`: rows of leads. One that is known keeps its id and raw number; what is newly said of it counts.
    UPSERT_LEADS = concat!(rows!(),
        "INSERT INTO leads (id, tenant, number, raw, name, zone, fields, created_at, updated_at) \
         SELECT item ->> 'id', item ->> 'tenant', item ->> 'number', item ->> 'raw', item ->> 'name', item ->> 'zone', \
         item ->> 'fields', CAST(item ->> 'created_at' AS BIGINT), CAST(item ->> 'updated_at' AS BIGINT) FROM r WHERE true \
         ON CONFLICT (tenant, number) DO UPDATE SET name = COALESCE(excluded.name, leads.name), \
         zone = COALESCE(excluded.zone, leads.zone), \
         fields = CASE WHEN excluded.fields = '{}' THEN leads.fields ELSE excluded.fields END, \
         updated_at = excluded.updated_at");

    /// `$1` tenant, `$2`: rows with `number`.
    LEAD_IDS = lead_ids!("json_each"), postgres: lead_ids!("jsonb_each");

    /// `$1` tenant, `$2`: rows with `number`, `$3` since when: outbound calls to these people.
    EARLIER_CALLS = earlier_calls!("json_each"), postgres: earlier_calls!("jsonb_each");

    /// `$1` tenant, `$2` after this id, `$3` how many.
    LEADS =
        "SELECT id, number, raw, name, zone, fields, created_at, updated_at FROM leads \
         WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";

    /// `$1`: rows of jobs. A lead is in a campaign once, and a dedup key is open once.
    ADD_JOBS = concat!(rows!(),
        "INSERT INTO jobs (id, tenant, campaign, lead, number, state, bucket, priority, ready_at, dedup, updated_at, \
         variables, fold) \
         SELECT item ->> 'id', item ->> 'tenant', item ->> 'campaign', item ->> 'lead', item ->> 'number', \
         item ->> 'state', item ->> 'bucket', CAST(item ->> 'priority' AS BIGINT), CAST(item ->> 'ready_at' AS BIGINT), \
         item ->> 'dedup', CAST(item ->> 'updated_at' AS BIGINT), item ->> 'variables', item ->> 'fold' \
         FROM r WHERE true ON CONFLICT DO NOTHING");

    /// `$1`: rows with `id`. Which of these there are.
    KNOWN_JOBS = concat!(rows!(), "SELECT id FROM jobs WHERE id IN (SELECT item ->> 'id' FROM r)");

    /// `$1` campaign, `$2` priority, `$3` now, `$4` how many: those that may be looked at, the longest wait first.
    HEADS = due!("jobs.campaign = $1 AND jobs.priority = $2 AND jobs.state = 'waiting' AND jobs.ready_at <= $3 \
         ORDER BY jobs.ready_at, jobs.id LIMIT $4");

    /// `$1` tenant, `$2` id.
    JOB = due!("jobs.tenant = $1 AND jobs.id = $2");

    /// `$1` tenant, `$2` dedup key.
    OPEN_JOB_OF = "SELECT id FROM jobs WHERE tenant = $1 AND dedup = $2 AND dedup IS NOT NULL AND state <> 'settled'";

    /// `$1` tenant, `$2` campaign, `$3` number.
    JOB_TO =
        "SELECT jobs.id FROM leads JOIN jobs ON jobs.lead = leads.id AND jobs.campaign = $2 \
         WHERE leads.tenant = $1 AND leads.number = $3";

    /// `$1` campaign, `$2` after this lead, `$3` how many.
    JOBS = due!("jobs.campaign = $1 AND jobs.lead > $2 ORDER BY jobs.lead LIMIT $3");

    /// `$1` campaign, `$2` bucket, `$3` after this id, `$4` how many.
    JOBS_IN = due!("jobs.campaign = $1 AND jobs.bucket = $2 AND jobs.id > $3 ORDER BY jobs.id LIMIT $4");

    /// `$1`: rows with `id`. Where these jobs stand, locked in the order of their ids.
    JOB_FOLDS = job_folds!(), postgres: concat!(job_folds!(), " FOR UPDATE");

    /// `$1`: rows with `id` of campaigns, `$2` now: at which levels of which of them somebody may be looked at. One look into the
    /// index for each, whose order is asked for so that it is taken: else all who wait may be read through.
    DUE_LEVELS = concat!(rows!(),
        "SELECT item ->> 'id' AS campaign, l.level AS priority \
         FROM r, (SELECT CAST(0 AS bigint) AS level UNION ALL SELECT 1 UNION ALL SELECT 2) AS l \
         WHERE (SELECT 1 FROM jobs WHERE jobs.campaign = item ->> 'id' AND jobs.priority = l.level \
         AND jobs.state = 'waiting' AND jobs.ready_at <= $2 ORDER BY jobs.ready_at LIMIT 1) = 1");

    /// `$1`: rows with `id` of campaigns: those of which a job waits or is under way. Looked up as in `DUE_LEVELS`.
    UNFINISHED = concat!(rows!(),
        "SELECT item ->> 'id' AS id FROM r WHERE (SELECT 1 FROM jobs WHERE jobs.campaign = item ->> 'id' \
         AND jobs.bucket = 'waiting' ORDER BY jobs.id LIMIT 1) = 1 OR (SELECT 1 FROM jobs \
         WHERE jobs.campaign = item ->> 'id' AND jobs.bucket = 'in_progress' ORDER BY jobs.id LIMIT 1) = 1");

    /// `$1`: rows with `pair`: those that are taken.
    OPEN_PAIRS = concat!(rows!(), "SELECT pair FROM jobs WHERE pair IN (SELECT item ->> 'pair' FROM r)");

    /// `$1`: rows with `tenant` and `number`: those people for whom a node holds a job.
    OPEN_PERSONS = concat!(rows!(),
        "SELECT jobs.tenant, jobs.number FROM r \
         JOIN jobs ON jobs.tenant = item ->> 'tenant' AND jobs.number = item ->> 'number' \
         WHERE jobs.node IS NOT NULL");
    /// `$1`: rows with `id`. What columns say of these jobs, whose folds nobody can read.
    BROKEN_JOBS = broken_jobs!(), postgres: concat!(broken_jobs!(), " FOR UPDATE");

    /// Jobs that a node holds.
    OPEN_JOBS = "SELECT id, fold, pair, tenant, number FROM jobs WHERE node IS NOT NULL ORDER BY id";

    /// `$1`: rows of jobs.
    CHANGE_JOBS = concat!(rows!(),
        "UPDATE jobs SET state = item ->> 'state', bucket = item ->> 'bucket', \
         ready_at = CAST(item ->> 'ready_at' AS BIGINT), gate = item ->> 'gate', node = item ->> 'node', \
         pair = item ->> 'pair', updated_at = CAST(item ->> 'updated_at' AS BIGINT), fold = item ->> 'fold' \
         FROM r WHERE jobs.id = item ->> 'id'");

    /// `$1`: rows with `id`, `gate`, `ready_at`.
    DEFER_JOBS = concat!(rows!(),
        "UPDATE jobs SET ready_at = CAST(item ->> 'ready_at' AS BIGINT), gate = item ->> 'gate' \
         FROM r WHERE jobs.id = item ->> 'id' AND jobs.state = 'waiting'");

    /// `$1` campaign, `$2` now.
    LOOK_AGAIN =
        "UPDATE jobs SET ready_at = $2, gate = NULL \
         WHERE campaign = $1 AND state = 'waiting' AND gate IS NOT NULL AND ready_at > $2";

    /// `$1`: rows of attempts.
    ADD_ATTEMPTS = concat!(rows!(),
        "INSERT INTO attempts (call, tenant, campaign, job, no, node, claimed_at) \
         SELECT item ->> 'call', item ->> 'tenant', item ->> 'campaign', item ->> 'job', CAST(item ->> 'no' AS BIGINT), \
         item ->> 'node', CAST(item ->> 'claimed_at' AS BIGINT) FROM r WHERE true ON CONFLICT DO NOTHING");

    /// `$1` campaign: how many jobs are where.
    PROGRESS = "SELECT bucket, COUNT(*) AS n FROM jobs WHERE campaign = $1 GROUP BY bucket";

    /// `$1` campaign: what its calls cost, and how many cost that. A call that the carrier never had costs nothing.
    CAMPAIGN_COST =
        "SELECT calls.price_amount AS amount, calls.price_unit AS unit, COUNT(*) AS n \
         FROM attempts JOIN calls ON calls.id = attempts.call \
         WHERE attempts.campaign = $1 AND (calls.carrier_call_id IS NOT NULL OR calls.price_amount IS NOT NULL) \
         GROUP BY 1, 2";

    /// `$1` campaign, `$2` since when: how many of its calls began in which minute (since 1970), and how they ended.
    CALLS_BY_MINUTE =
        "SELECT attempts.claimed_at / 60000000 AS minute, calls.status AS status, COUNT(*) AS n \
         FROM attempts LEFT JOIN calls ON calls.id = attempts.call \
         WHERE attempts.campaign = $1 AND attempts.claimed_at >= $2 GROUP BY 1, 2 ORDER BY 1, 2";

    /// `$1` job: its attempts with their calls, the first one first.
    ATTEMPTS =
        "SELECT attempts.call, attempts.no, attempts.claimed_at, calls.status, calls.disposition, calls.outcome, \
         calls.error_code, calls.error_message, calls.ended_at, calls.account FROM attempts \
         LEFT JOIN calls ON calls.id = attempts.call WHERE attempts.job = $1 ORDER BY attempts.no";

    /// `$1`: rows with `id`. How many jobs of these campaigns are open, by bucket, and the oldest of each.
    OPEN_COUNTS = concat!(rows!(),
        "SELECT campaign, bucket, COUNT(*) AS n, MIN(id) AS oldest FROM jobs \
         WHERE campaign IN (SELECT item ->> 'id' FROM r) AND bucket IN ('waiting', 'in_progress', 'parked') \
         GROUP BY campaign, bucket ORDER BY campaign, bucket");

    /// `$1`: rows with `id`. Which gates were closed for the jobs of these campaigns when they were last looked at.
    GATE_COUNTS = gate_counts!("gate ->> 'gate'"), postgres: gate_counts!("CAST(gate AS jsonb) ->> 'gate'");

    /// `$1`: rows with `id`, `$2` since when: attempts of these campaigns.
    ATTEMPTS_SINCE = concat!(rows!(),
        "SELECT COUNT(*) AS n FROM attempts WHERE campaign IN (SELECT item ->> 'id' FROM r) AND claimed_at >= $2");

    /// `$1` campaign, `$2` after this id, `$3` how many: whom it would call.
    PLANNED_JOBS =
        "SELECT jobs.id, jobs.number, leads.zone FROM jobs JOIN leads ON leads.id = jobs.lead \
         WHERE jobs.campaign = $1 AND jobs.bucket = 'waiting' AND jobs.id > $2 ORDER BY jobs.id LIMIT $3";

    /// `$1`: rows with `id`. The attempts of these jobs, the last one last.
    ATTEMPTS_OF = concat!(rows!(),
        "SELECT job, call, no FROM attempts WHERE job IN (SELECT item ->> 'id' FROM r) ORDER BY job, no");

    /// `$1`: rows with `tenant` and `number`, `$2` since when: jobs of these people that were claimed since.
    CLAIMED_LATELY = concat!(rows!(),
        "SELECT jobs.id, jobs.tenant, jobs.number FROM r \
         JOIN jobs ON jobs.tenant = item ->> 'tenant' AND jobs.number = item ->> 'number' \
         JOIN attempts ON attempts.job = jobs.id WHERE attempts.claimed_at >= $2");

    /// `$1` campaign, `$2` since when: how many calls it has begun. One that the carrier never had is none.
    CAMPAIGN_CALLS =
        "SELECT COUNT(*) AS n FROM attempts LEFT JOIN calls ON calls.id = attempts.call \
         WHERE attempts.campaign = $1 AND attempts.claimed_at >= $2 \
         AND (calls.ended_at IS NULL OR calls.carrier_call_id IS NOT NULL)";

    /// `$1` campaign: when it last began a call.
    LAST_ATTEMPT = "SELECT MAX(claimed_at) AS at FROM attempts WHERE campaign = $1";

    /// `$1` tenant, `$2` since when: how many outbound calls it has begun, and their minutes, each begun one whole.
    TENANT_USE =
        "SELECT COUNT(*) AS calls, CAST(COALESCE(SUM((COALESCE(duration_secs, 0) + 59) / 60), 0) AS BIGINT) AS minutes \
         FROM calls WHERE tenant = $1 AND created_at >= $2 AND direction = 'outbound' \
         AND (ended_at IS NULL OR carrier_call_id IS NOT NULL)";

    /// `$1` tenant, `$2` since when: claims of its campaigns of whose calls nothing is here yet.
    TENANT_CLAIMED =
        "SELECT COUNT(*) AS n FROM campaigns JOIN attempts ON attempts.campaign = campaigns.id \
         AND attempts.claimed_at >= $2 LEFT JOIN calls ON calls.id = attempts.call \
         WHERE campaigns.tenant = $1 AND calls.id IS NULL";

    /// `$1` campaign, `$2` since when, `$3` how many: how the carrier answered of late, the last first.
    ANSWERS_OF_LATE =
        "SELECT calls.account, calls.carrier_call_id, calls.disposition, calls.ended_at FROM attempts \
         JOIN calls ON calls.id = attempts.call WHERE attempts.campaign = $1 AND attempts.claimed_at >= $2 \
         ORDER BY attempts.claimed_at DESC LIMIT $3";

    /// `$1` tenant, `$2` number, `$3` how many: the last calls shown as this number that are over.
    SHOWN_AS =
        "SELECT id, disposition FROM calls WHERE tenant = $1 AND from_number = $2 AND direction = 'outbound' \
         AND ended_at IS NOT NULL ORDER BY created_at DESC, id DESC LIMIT $3";

    /// `$1` tenant, `$2` number: this person's jobs, locked.
    PERSON_JOBS = person_jobs!(), postgres: concat!(person_jobs!(), " FOR UPDATE");

    /// `$1` tenant, `$2` number.
    PERSON_JOBS_COUNTED = "SELECT COUNT(*) AS n FROM jobs WHERE tenant = $1 AND number = $2";

    /// `$1` tenant, `$2` number.
    PERSON_LEADS = "SELECT id FROM leads WHERE tenant = $1 AND number = $2";

    /// `$1` tenant, `$2` number.
    FORGET_JOBS =
        "UPDATE jobs SET number = 'erased', variables = '{}', dedup = NULL WHERE tenant = $1 AND number = $2";

    /// `$1` tenant, `$2` number.
    DELETE_LEADS = "DELETE FROM leads WHERE tenant = $1 AND number = $2";

    /// `$1` tenant, `$2` number.
    FORGET_LEADS =
        "UPDATE leads SET number = 'erased:' || id, raw = '', name = NULL, zone = NULL, fields = '{}' \
         WHERE tenant = $1 AND number = $2";
}
