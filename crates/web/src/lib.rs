//! Translates: carrier webhooks, the REST API and the dashboard.
