//! What must be fast uses its index, on both engines.

use super::tests::{postgres, sqlite};
use super::{self as sql, Statement};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Executor, Row};

/// The steps of a statement's plan, one a line.
async fn sqlite_plan(connection: &mut SqliteConnection, statement: &Statement) -> String {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.sqlite));
    let steps = sqlx::query(explain).fetch_all(connection).await.unwrap();
    steps.iter().map(|step| step.get::<String, _>("detail") + "\n").collect()
}

#[tokio::test]
async fn what_must_not_grow_with_history_uses_its_index_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = sqlite(&folder).await;
    let expected: &[(&Statement, &[&str])] = &[
        (
            &sql::LIST_NEWEST,
            &["SEARCH calls USING INDEX calls_newest (tenant=? AND created_at>? AND (created_at,id)<(?,?))"],
        ),
        (
            &sql::LIST_STATUS,
            &[
                "SEARCH calls USING INDEX calls_status (tenant=? AND status=? AND created_at>? AND (created_at,id)<(?,?))",
            ],
        ),
        (
            &sql::LIST_ACTIVE,
            &["SEARCH calls USING INDEX calls_active (tenant=? AND created_at>? AND (created_at,id)<(?,?))"],
        ),
        (
            &sql::LIST_NUMBER,
            &[
                "calls_from (tenant=? AND from_number=? AND created_at>?",
                "calls_to (tenant=? AND to_number=?",
            ],
        ),
        (
            &sql::CALLS_FROM,
            &["SEARCH calls USING COVERING INDEX calls_newest (tenant=? AND created_at>? AND created_at<?)"],
        ),
        (&sql::OUTLIVED, &["SEARCH calls USING INDEX calls_newest (tenant=? AND"]),
        (&sql::FOLD_BY_SESSION, &["calls_session (tenant=? AND session_id=?)"]),
        (&sql::FOLD_BY_LEG, &["SEARCH legs USING PRIMARY KEY (account=? AND carrier_call_id=?)"]),
        (&sql::FOLD_BY_CARRIER_ID, &["legs_carrier_call_id (tenant=? AND carrier_call_id=?)"]),
        (&sql::FOLDS, &["SEARCH calls USING INDEX sqlite_autoindex_calls_1 (id=?)"]),
        (&sql::KNOWN_CALLS, &["SEARCH calls USING INDEX sqlite_autoindex_calls_1 (id=?)"]),
        (&sql::EVENTS, &["SEARCH events USING INDEX events_key (call=?)"]),
        (&sql::COUNTS, &["SEARCH call_counts USING PRIMARY KEY (tenant=?)"]),
        (&sql::ROLLUPS_BY_DAY, &["SEARCH call_rollups USING PRIMARY KEY (tenant=? AND day>? AND day<?)"]),
        (
            &sql::QUESTIONS_COUNTED,
            &["SEARCH question_rollups USING PRIMARY KEY (tenant=? AND day>? AND day<?)"],
        ),
        (&sql::TALKS_BY_DAY, &["SEARCH bot_rollups USING PRIMARY KEY (tenant=? AND day>? AND day<?)"]),
        (&sql::KNOWN_TALKS, &["SEARCH bot_calls USING PRIMARY KEY (call=?)"]),
        (&sql::PEOPLE_OF_SCRIPT, &["calls_person (tenant=? AND script=?"]),
        (&sql::CALLS_OF_PEOPLE, &["calls_person (tenant=? AND script=?"]),
        (&sql::UNPRICED, &["calls_unpriced (ended_at>? AND ended_at<?)"]),
        (&sql::SEARCH_WORDS, &["SCAN search_index VIRTUAL TABLE INDEX", "sqlite_autoindex_calls_1 (id=?)"]),
        (&sql::DAILY_COUNTS, &["SEARCH call_counts USING PRIMARY KEY (tenant=? AND day>? AND day<?)"]),
        (&sql::SUPPRESSIONS, &["SEARCH suppressions USING PRIMARY KEY (tenant=?)"]),
        (
            &sql::DUE_LEVELS,
            &["SEARCH jobs USING COVERING INDEX jobs_heads (campaign=? AND priority=? AND ready_at<?)"],
        ),
        (&sql::UNFINISHED, &["SEARCH jobs USING COVERING INDEX jobs_buckets (campaign=? AND bucket=?)"]),
    ];
    for (statement, steps) in expected {
        let plan = sqlite_plan(&mut connection, statement).await;
        for step in *steps {
            assert!(plan.contains(step), "{} should {step}, and does\n{plan}", statement.name);
        }
        assert!(!plan.contains("SCAN calls"), "{} walks through all calls:\n{plan}", statement.name);
    }
    for statement in [&sql::LIST_NEWEST, &sql::LIST_STATUS, &sql::LIST_ACTIVE] {
        let plan = sqlite_plan(&mut connection, statement).await;
        assert!(
            !plan.contains("TEMP B-TREE"),
            "{} sorts what the index has in order:\n{plan}",
            statement.name
        );
    }
}

/// The control of the test above: without its index, the list of active calls is found out.
#[tokio::test]
async fn a_missing_index_shows_in_the_plan_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = sqlite(&folder).await;
    connection.execute("DROP INDEX calls_active").await.unwrap();
    assert!(!sqlite_plan(&mut connection, &sql::LIST_ACTIVE).await.contains("calls_active"));
}

/// As a year of a busy tenant leaves it: PostgreSQL plans by what it has counted.
const HISTORY: &str = "
    INSERT INTO calls SELECT lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000', 'acme', 'twilio:AC', 'twilio',
        'CA' || n, 's' || n, 'outbound', 'phone', (ARRAY['completed', 'busy', 'failed', 'no_answer'])[1 + n % 4],
        'ended', NULL, NULL, '+1555' || n % 10, '+1555' || n % 5000, NULL, 'survey', NULL, 0, n * 1000000::bigint,
        NULL, NULL, CASE WHEN n % 1000 = 0 THEN NULL ELSE n END, n, NULL, NULL, NULL, NULL, NULL, '{}', '{}'
        FROM generate_series(1, 30000) AS n;
    INSERT INTO legs SELECT 'twilio:AC', 'CA' || n, 'acme', lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000', 1
        FROM generate_series(1, 30000) AS n;
    SELECT make_months('{\"0\": {\"id\": \"0199d0e0-0000-7000-8000-000000000000\"}}');
    INSERT INTO events SELECT id, call_month(id), 'acme', 'k' || key, 1, 1, NULL, 'carrier', 'progress', 1, NULL, '{}'
        FROM (SELECT '0199d0e0-' || lpad(to_hex(n), 4, '0') || '-7000-8000-000000000000' AS id
            FROM generate_series(1, 5000) AS n) AS ids, generate_series(1, 4) AS key;
    INSERT INTO call_counts SELECT 'tenant' || n % 50, n / 50, 'completed', 1 FROM generate_series(1, 20000) AS n;
    INSERT INTO suppressions SELECT 'tenant' || n % 50, '+1' || n, 'asked', 1, NULL, 1
        FROM generate_series(1, 20000) AS n;
    INSERT INTO jobs SELECT 'j' || n, 'acme', 'c' || n % 20, 'l' || n, '+1' || n, 'waiting', 'waiting', 1, n, NULL, NULL,
        NULL, NULL, n, '{}', '{}' FROM generate_series(1, 30000) AS n;
    ANALYZE";

/// The plan that PostgreSQL keeps for a statement whose values it does not know yet.
async fn postgres_plan(connection: &mut PgConnection, statement: &Statement, values: &str) -> String {
    connection.execute("DEALLOCATE ALL; SET plan_cache_mode = force_generic_plan").await.unwrap();
    let types = if values == LIST { LIST_TYPES } else { "" };
    connection.execute(AssertSqlSafe(format!("PREPARE it {types} AS {}", statement.postgres))).await.unwrap();
    let explain = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN EXECUTE it ({values})")));
    let steps = explain.fetch_all(connection).await.unwrap();
    steps.iter().map(|step| step.get::<String, _>(0) + "\n").collect()
}

const LIST: &str = "'acme', 9000000000000000, '', -9000000000000000, 21, 'completed', NULL, NULL, NULL, '+15557', NULL, \
                    '{}', NULL";
const LIST_TYPES: &str =
    "(text, bigint, text, bigint, bigint, text, text, text, text, text, text, text, bigint)";
const IDS: &str = "'{\"0\": {\"id\": \"00000001-0000-7000-8000-000000000000\"}}'";

const CAMPAIGNS: &str = r#"'{"0": {"id": "c0"}, "1": {"id": "c1"}, "2": {"id": "c2"}}'"#;

#[tokio::test]
async fn what_must_not_grow_with_history_uses_its_index_on_postgresql() {
    let (_database, mut connection) = postgres().await;
    connection.execute(HISTORY).await.unwrap();
    let expected: &[(&Statement, &str, &[&str])] = &[
        (&sql::LIST_NEWEST, LIST, &["Index Scan Backward using calls_newest on calls"]),
        (&sql::LIST_STATUS, LIST, &["Index Scan Backward using calls_status on calls"]),
        (&sql::LIST_ACTIVE, LIST, &["Index Scan Backward using calls_active on calls"]),
        (
            &sql::LIST_NUMBER,
            LIST,
            &["Index Scan Backward using calls_from", "Index Scan Backward using calls_to"],
        ),
        (&sql::FOLD_BY_SESSION, "'acme', 's7'", &["using calls_session on calls"]),
        (&sql::FOLD_BY_LEG, "'twilio:AC', 'CA7'", &["using legs_pkey on legs", "using calls_pkey on calls"]),
        (&sql::FOLD_BY_CARRIER_ID, "'acme', 'CA7'", &["using legs_carrier_call_id on legs"]),
        (&sql::FOLDS, IDS, &["using calls_pkey on calls"]),
        (&sql::KNOWN_CALLS, IDS, &["using calls_pkey on calls"]),
        (
            &sql::EVENTS,
            "'acme', '0199d0e0-0001-7000-8000-000000000000'",
            &["Subplans Removed: 3", "events_202510"],
        ),
        (&sql::COUNTS, "'tenant7'", &["Index Cond: (tenant = $1)"]),
        (
            &sql::DAILY_COUNTS,
            "'tenant7', 10, 20",
            &["Index Cond: ((tenant = $1) AND (day >= $2) AND (day <= $3))"],
        ),
        (&sql::SUPPRESSIONS, "'tenant7'", &["suppressions_pkey"]),
        // Without the campaign among its conditions the index is read from end to end.
        (
            &sql::DUE_LEVELS,
            &format!("{CAMPAIGNS}, 50000"),
            &[
                "using jobs_heads on jobs",
                "Index Cond: ((campaign = (r.item ->> 'id'::text)) AND (priority = ",
            ],
        ),
        (
            &sql::UNFINISHED,
            CAMPAIGNS,
            &[
                "using jobs_buckets on jobs",
                "Index Cond: ((campaign = (r.item ->> 'id'::text)) AND (bucket = ",
            ],
        ),
    ];
    for (statement, values, steps) in expected {
        let plan = postgres_plan(&mut connection, statement, values).await;
        for step in *steps {
            assert!(plan.contains(step), "{} should {step}, and does\n{plan}", statement.name);
        }
        assert!(!plan.contains("Seq Scan"), "{} walks through all rows:\n{plan}", statement.name);
    }
    for statement in [&sql::LIST_NEWEST, &sql::LIST_STATUS, &sql::LIST_ACTIVE] {
        let plan = postgres_plan(&mut connection, statement, LIST).await;
        assert!(!plan.contains("Sort"), "{} sorts what the index has in order:\n{plan}", statement.name);
    }
}

/// The control of the test above.
#[tokio::test]
async fn a_missing_index_shows_in_the_plan_of_postgresql() {
    let (_database, mut connection) = postgres().await;
    connection.execute(HISTORY).await.unwrap();
    connection.execute("DROP INDEX calls_active").await.unwrap();
    assert!(!postgres_plan(&mut connection, &sql::LIST_ACTIVE, LIST).await.contains("calls_active"));
}
