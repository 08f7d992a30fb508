//! Telnyx: its client against answers of every kind, its forms as it posts them, its signatures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod call_control;
#[path = "../client/carrier.rs"]
#[allow(dead_code, reason = "the other carrier's tests use all of it")]
mod carrier;
mod client;
mod signature;
mod webhooks;

/// The account in Telnyx's own examples.
const ACCOUNT: &str = "f5586561-8ff0-4291-a51b-c7dfe4139ff9";
const CALL: &str = "v3:9X2vxPDFY2RHSJ1EdMS0RHRksMTg7ldNxdjWbVr9zBjbGjGsSe-aiQ";
const RECORDING: &str = "35094891-3290-4142-b2c2-b2eda57534cf";
