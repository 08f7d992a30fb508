//! What names a request: in the answer's `X-Request-Id`, in the body of a problem, and in the log. A client may bring the
//! name, so that its own log and ours can be laid side by side, and the trace (W3C Trace Context) it belongs to.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use std::fmt;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header that names a request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: &str = "traceparent";
const CHARS_MAX: usize = 64;

/// A request's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// The name that came with the request, if it is a plain one; else a new one. What is odd is not taken: it would
    /// stand in logs.
    pub(crate) fn of(headers: &HeaderMap, new: impl FnOnce() -> u64) -> Self {
        let brought = headers.get(REQUEST_ID).and_then(|name| name.to_str().ok());
        let is_plain = |name: &&str| {
            (1..=CHARS_MAX).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        Self(brought.filter(is_plain).map_or_else(|| format!("{:x}", new()), str::to_owned))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as a header has it.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The trace that a request belongs to: 32 hexadecimal digits, not all zero.
pub(crate) fn trace(headers: &HeaderMap) -> Option<&str> {
    let parts: Vec<&str> = headers.get(TRACEPARENT)?.to_str().ok()?.split('-').collect();
    let is_hex = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let [version, trace, parent, flags, ..] = parts[..] else { return None };
    let is_whole =
        is_hex(version, 2) && version != "ff" && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    let is_one = trace.bytes().any(|byte| byte != b'0') && parent.bytes().any(|byte| byte != b'0');
    // Later versions may add parts; the first has four.
    (is_whole && is_one && (version != "00" || parts.len() == 4)).then_some(trace)
}

/// Makes a span part of the trace that the request belongs to, if it brought one.
pub(crate) fn joins(span: &Span, headers: &HeaderMap) {
    if span.is_disabled() {
        return;
    }
    if let Some(parent) = trace(headers).and_then(|_| parent(headers)) {
        // Where nobody traces there is nothing to join.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut parts = headers.get(TRACEPARENT)?.to_str().ok()?.split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let span = SpanId::from_hex(parts.next()?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(parts.next()?, 16).ok()?);
    Some(SpanContext::new(trace, span, flags, true, TraceState::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        [(HeaderName::from_static(name), HeaderValue::from_static(value))].into_iter().collect()
    }

    #[test]
    fn a_plain_name_is_kept_and_an_odd_one_is_not() {
        let named = |name| RequestId::of(&headers("x-request-id", name), || 255).to_string();
        assert_eq!(named("req_4711.a-B"), "req_4711.a-B");
        for odd in ["", "a b", "a\tb", "+15550100123", "<b>", &"x".repeat(65).leak()[..]] {
            assert_eq!(named(Box::leak(odd.to_owned().into_boxed_str())), "ff", "{odd:?}");
        }
    }

    #[test]
    fn a_trace_is_read_as_the_standard_says() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let read = |value| trace(&headers("traceparent", value)).map(str::to_owned);
        assert_eq!(read(good).as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        assert!(read("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more").is_some());
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
