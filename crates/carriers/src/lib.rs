//! Translates: carrier requests, webhooks, signatures and voice documents.
