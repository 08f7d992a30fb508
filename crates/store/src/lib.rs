//! Answers questions: the SQL schema, migrations, projections and queries.
