//! Who speaks for the carrier: true requests are let in, everything else is not (S-01, S-02, S-04).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod judge;
mod sign;

use http::Method;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use sign::{Hash, sign};
use trunkline_carriers::callback::Scheme;
use trunkline_carriers::twilio::signature::{SETTINGS, SIGNATURE, SignatureError, SignedRequest, Verifier};

const TOKEN: &str = "12345";
const BASE: &str = "https://mycompany.com";

/// A request that can be bent.
#[derive(Clone, Debug)]
struct Request {
    method: Method,
    path: String,
    scheme: Scheme,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    fn post(path: &str, body: &str, signature: &str) -> Self {
        let mut request = Self {
            method: Method::POST,
            path: path.to_owned(),
            scheme: Scheme::Http,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        };
        request.set(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded");
        request.set(SIGNATURE, signature);
        request
    }

    /// A form as Twilio would post and sign it.
    fn signed(url_base: &str, path: &str, form: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        Self::post(path, &body, &sign(TOKEN, &format!("{url_base}{path}"), form, Hash::Sha1))
    }

    fn get(path: &str) -> Self {
        let mut request = Self::post(path, "", &sign(TOKEN, &format!("{BASE}{path}"), &[], Hash::Sha1));
        request.method = Method::GET;
        request.headers.remove(CONTENT_TYPE);
        request
    }

    /// A JSON body, bound by its hash in the address.
    fn json(path: &str, body: &str) -> Self {
        let mut request = Self::post(path, body, &sign(TOKEN, &format!("{BASE}{path}"), &[], Hash::Sha1));
        request.set(CONTENT_TYPE.as_str(), "application/json");
        request
    }

    fn set(&mut self, name: &str, value: &str) {
        self.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    fn bent(&self, bend: impl FnOnce(&mut Self)) -> Self {
        let mut bent = self.clone();
        bend(&mut bent);
        bent
    }

    fn judged_by(&self, verifier: &Verifier) -> Result<(), SignatureError> {
        verifier
            .verify(&SignedRequest {
                method: &self.method,
                path_and_query: &self.path,
                scheme: self.scheme,
                headers: &self.headers,
                body: &self.body,
            })
            .map(drop)
    }
}

fn verifier(urls: &str) -> Verifier {
    Verifier::new(urls.parse().unwrap(), SecretString::from(TOKEN))
}

fn signature_of(request: &Request) -> String {
    request.headers[SIGNATURE].to_str().unwrap().to_owned()
}

/// The vector that Twilio publishes.
fn published() -> Request {
    let body =
        "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
    Request::post("/myapp.php?foo=1&bar=2", body, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
}

#[test]
fn the_published_vector_is_let_in() {
    assert_eq!(published().judged_by(&verifier(BASE)), Ok(()));
}

#[test]
fn a_repeated_request_is_let_in_every_time() {
    for _ in 0..100 {
        assert_eq!(published().judged_by(&verifier(BASE)), Ok(()));
    }
}

#[test]
fn fields_in_another_order_and_repeated_are_the_same_request() {
    let form = [("A", "2"), ("B", "x"), ("A", "1"), ("A", "2")];
    let request = Request::signed(BASE, "/status", &form);
    assert_eq!(request.judged_by(&verifier(BASE)), Ok(()));
    let reordered = request.bent(|request| request.body = b"A=1&A=2&B=x".to_vec());
    assert_eq!(reordered.judged_by(&verifier(BASE)), Ok(()));
    let fewer = request.bent(|request| request.body = b"A=1&B=x".to_vec());
    assert_eq!(fewer.judged_by(&verifier(BASE)), Err(SignatureError::Wrong));
}

#[test]
fn the_address_counts_with_and_without_its_port() {
    let form = [("CallSid", "CA1")];
    for (urls, signed_for) in [
        ("https://mycompany.com", "https://mycompany.com"),
        ("https://mycompany.com", "https://mycompany.com:443"),
        ("https://mycompany.com:443", "https://mycompany.com"),
        ("https://mycompany.com:8443", "https://mycompany.com:8443"),
        ("https://mycompany.com:8443", "https://mycompany.com"),
        ("http://mycompany.com", "http://mycompany.com:80"),
        ("http://127.0.0.1:4000", "http://127.0.0.1:4000"),
        ("https://other.example, https://mycompany.com", "https://mycompany.com"),
        ("wss://mycompany.com", "https://mycompany.com"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ] {
        let request = Request::signed(signed_for, "/status?s=a", &form);
        assert_eq!(request.judged_by(&verifier(urls)), Ok(()), "{urls} {signed_for}");
    }
    for signed_for in
        ["https://mycompany.com:444", "http://mycompany.com", "https://mycompany.co", "https://m.com"]
    {
        let request = Request::signed(signed_for, "/status?s=a", &form);
        assert_eq!(request.judged_by(&verifier(BASE)), Err(SignatureError::Wrong), "{signed_for}");
    }
}

#[test]
fn a_prefix_counts_whether_the_proxy_left_it_or_not() {
    let verifier = verifier("https://mycompany.com/calls");
    let kept = Request::signed("https://mycompany.com", "/calls/status?s=a", &[]);
    assert_eq!(kept.judged_by(&verifier), Ok(()));
    let taken_off = kept.bent(|request| request.path = "/status?s=a".to_owned());
    assert_eq!(taken_off.judged_by(&verifier), Ok(()));
    let elsewhere = Request::signed("https://mycompany.com", "/other/status?s=a", &[]);
    assert_eq!(elsewhere.judged_by(&verifier), Err(SignatureError::Wrong));
}

#[test]
fn the_fallback_host_counts() {
    let urls: trunkline_carriers::callback::PublicUrls = BASE.parse().unwrap();
    let urls = urls.with_fallback(Some("https://fallback.example".parse().unwrap()));
    let verifier = Verifier::new(urls, SecretString::from(TOKEN));
    assert_eq!(Request::signed("https://fallback.example", "/fallback", &[]).judged_by(&verifier), Ok(()));
}

#[test]
fn the_opening_of_a_socket_is_signed_for_its_own_scheme() {
    let mut request = Request::get("/media");
    request.set(SIGNATURE, &sign(TOKEN, "wss://mycompany.com/media", &[], Hash::Sha1));
    request.scheme = Scheme::WebSocket;
    assert_eq!(request.judged_by(&verifier(BASE)), Ok(()));
    let as_request = request.bent(|request| request.scheme = Scheme::Http);
    assert_eq!(as_request.judged_by(&verifier(BASE)), Err(SignatureError::Wrong));
}

#[test]
fn a_query_counts_byte_for_byte() {
    for query in ["name=O'Neil", "n=a+b", "n=a%20b", "n=%C3%A9", "n=%c3%a9", "a=&b", "x=1&x=1", "q=%7E~"] {
        let path = format!("/voice?{query}");
        let request = Request::get(&path);
        assert_eq!(request.judged_by(&verifier(BASE)), Ok(()), "{query}");
    }
    for (signed, received) in
        [("n=a+b", "n=a%20b"), ("n=%C3%A9", "n=%c3%a9"), ("a=1&b=2", "b=2&a=1"), ("a=1", "a=1&")]
    {
        let request =
            Request::get(&format!("/voice?{signed}")).bent(|it| it.path = format!("/voice?{received}"));
        assert_eq!(request.judged_by(&verifier(BASE)), Err(SignatureError::Wrong), "{signed} {received}");
    }
}

#[test]
fn no_header_of_a_stranger_changes_the_address() {
    let foreign = Request::signed("https://evil.example", "/status", &[("CallSid", "CA1")]);
    for (name, value) in [
        (HOST.as_str(), "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-for", "54.172.60.0"),
        ("forwarded", "host=evil.example;proto=https"),
        ("x-original-url", "https://evil.example/status"),
        ("x-original-host", "evil.example"),
        ("x-real-ip", "54.172.60.0"),
    ] {
        let lured = foreign.clone().with(name, value);
        assert_eq!(lured.judged_by(&verifier(BASE)), Err(SignatureError::Wrong), "{name}");
        let ours = published().with(name, value);
        assert_eq!(ours.judged_by(&verifier(BASE)), Ok(()), "{name}");
    }
}

#[test]
fn a_body_that_is_no_form_must_be_the_one_that_was_signed() {
    let body = r#"{"call":"CA1"}"#;
    let hash = sign::sha256(body);
    let request = Request::json(&format!("/status?bodySHA256={hash}"), body);
    let verifier = verifier(BASE);
    assert_eq!(request.judged_by(&verifier), Ok(()));

    let unsigned = Request::json("/status?s=1", body);
    assert_eq!(unsigned.judged_by(&verifier), Err(SignatureError::UnsignedBody));
    let other = request.bent(|it| it.body = br#"{"call":"CA2"}"#.to_vec());
    assert_eq!(other.judged_by(&verifier), Err(SignatureError::BodyHash));
    let none = request.bent(|it| it.body.clear());
    assert_eq!(none.judged_by(&verifier), Err(SignatureError::BodyHash));
    let as_form = request.bent(|it| it.set(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"));
    assert_eq!(as_form.judged_by(&verifier), Err(SignatureError::Wrong));
    let emptied_form = none.bent(|it| it.set(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"));
    assert_eq!(emptied_form.judged_by(&verifier), Err(SignatureError::BodyHash));
    let doubled = Request::json(&format!("/status?bodySHA256={hash}&bodySHA256={hash}"), body);
    assert_eq!(doubled.judged_by(&verifier), Err(SignatureError::BodyHash));
    for path in ["/status?bodySHA256", "/status?bodySHA256=", "/status?bodysha256=0", "/status?xbodySHA256=0"]
    {
        assert!(Request::json(path, body).judged_by(&verifier).is_err(), "{path}");
    }
    let upper = Request::json(&format!("/status?bodySHA256={}", hash.to_uppercase()), body);
    assert_eq!(upper.judged_by(&verifier), Err(SignatureError::BodyHash));
}

#[test]
fn a_get_brings_no_body() {
    let request = Request::get("/voice?q=1").bent(|it| it.body = b"Digits=1".to_vec());
    assert_eq!(request.judged_by(&verifier(BASE)), Err(SignatureError::UnsignedBody));
}

#[test]
fn a_form_in_another_charset_is_not_the_carriers() {
    for charset in ["utf-16", "utf-7", "iso-8859-1", "windows-1252", "ibm500", ""] {
        let kind = format!("application/x-www-form-urlencoded; charset={charset}");
        let request = published().with(CONTENT_TYPE.as_str(), &kind);
        assert_eq!(request.judged_by(&verifier(BASE)), Err(SignatureError::Charset), "{charset}");
    }
    for kind in [
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded;charset=\"utf-8\"",
        "Application/X-WWW-Form-Urlencoded",
    ] {
        assert_eq!(
            published().with(CONTENT_TYPE.as_str(), kind).judged_by(&verifier(BASE)),
            Ok(()),
            "{kind}"
        );
    }
    for kind in ["multipart/form-data; boundary=x", "text/plain", "application/x-www-form-urlencoded2", ""] {
        let request = published().with(CONTENT_TYPE.as_str(), kind);
        assert_eq!(request.judged_by(&verifier(BASE)), Err(SignatureError::UnsignedBody), "{kind}");
    }
}

#[test]
fn broken_text_is_not_mended_into_something_signed() {
    let request = Request::signed(BASE, "/status", &[("Name", "\u{FFFD}")]);
    assert_eq!(request.judged_by(&verifier(BASE)), Ok(()));
    for body in ["Name=%ff", "Name=%C3%28", "Name=%F0%90", "Name=%u00e9", "Name=%"] {
        let bent = request.bent(|it| it.body = body.as_bytes().to_vec());
        assert!(matches!(bent.judged_by(&verifier(BASE)), Err(SignatureError::Form(_))), "{body}");
    }
}

#[test]
fn another_tenants_token_signs_nothing_here() {
    let url = format!("{BASE}/status");
    for token in ["12346", "1234", "123456", "", "12345\0", "12345 ", "１２３４５"] {
        let signature = sign(token, &url, &[("A", "1")], Hash::Sha1);
        let request = Request::post("/status", "A=1", &signature);
        let expected = if token == "12345\0" { Ok(()) } else { Err(SignatureError::Wrong) };
        // HMAC pads a key with zeros, so that one alone is the same key; no token has such an end.
        assert_eq!(request.judged_by(&verifier(BASE)), expected, "{token:?}");
    }
}

#[test]
fn an_empty_token_lets_nobody_in() {
    let form = [("A", "1")];
    let url = format!("{BASE}/status");
    let open = Verifier::new(BASE.parse().unwrap(), SecretString::from(""))
        .with_shared_key("k", SecretString::from(""));
    let request = Request::post("/status", "A=1", &sign("", &url, &form, Hash::Sha1));
    assert_eq!(request.judged_by(&open), Err(SignatureError::Wrong));
    let shared = Request::post("/status", "A=1", &sign("", &url, &form, Hash::Sha256));
    let shared = shared.with(SETTINGS, "key=k,algorithm=HMAC_SHA256");
    assert_eq!(shared.judged_by(&open), Err(SignatureError::Wrong));
}

#[test]
fn a_token_that_is_being_replaced_still_counts() {
    let verifier =
        Verifier::new(BASE.parse().unwrap(), SecretString::from("new")).with_token(SecretString::from(TOKEN));
    assert_eq!(published().judged_by(&verifier), Ok(()));
}

#[test]
fn a_shared_key_counts_by_its_name_and_its_algorithm() {
    let form = [("CallSid", "CA1"), ("From", "+15550100")];
    let url = format!("{BASE}/status");
    let verifier = verifier(BASE).with_shared_key("webhooks_1", SecretString::from("shared"));
    let request =
        Request::post("/status", "CallSid=CA1&From=%2B15550100", &sign("shared", &url, &form, Hash::Sha256));
    let with = |settings: &str| request.clone().with(SETTINGS, settings).judged_by(&verifier);
    assert_eq!(with("key=webhooks_1,algorithm=HMAC_SHA256"), Ok(()));
    assert_eq!(with(" algorithm = hmac_sha256 , key = webhooks_1 "), Ok(()));
    assert_eq!(with("key=webhooks_2,algorithm=HMAC_SHA256"), Err(SignatureError::UnknownKey));
    assert_eq!(with("algorithm=HMAC_SHA256"), Err(SignatureError::UnknownKey));
    assert_eq!(with("key=webhooks_1,algorithm=HMAC_MD5"), Err(SignatureError::UnknownKey));
    assert_eq!(with("key=webhooks_1"), Err(SignatureError::UnknownKey));
    assert_eq!(with("key=webhooks_1,key=webhooks_1,algorithm=HMAC_SHA256"), Err(SignatureError::Header));
    assert_eq!(with(""), Err(SignatureError::Wrong));
    assert_eq!(request.judged_by(&verifier), Err(SignatureError::Wrong));
    // The token does not open what names a shared key, nor a shared key what names none.
    let by_token = request.bent(|it| it.set(SIGNATURE, &sign(TOKEN, &url, &form, Hash::Sha1)));
    assert_eq!(by_token.judged_by(&verifier), Ok(()));
    let both = by_token.with(SETTINGS, "key=webhooks_1,algorithm=HMAC_SHA256");
    assert_eq!(both.judged_by(&verifier), Err(SignatureError::Wrong));
}

#[test]
fn a_signature_that_is_missing_doubled_or_no_text_is_refused() {
    let none = published().bent(|it| drop(it.headers.remove(SIGNATURE)));
    assert_eq!(none.judged_by(&verifier(BASE)), Err(SignatureError::Missing));
    let doubled = published().bent(|it| {
        let again = it.headers[SIGNATURE].clone();
        it.headers.append(SIGNATURE, again);
    });
    assert_eq!(doubled.judged_by(&verifier(BASE)), Err(SignatureError::Header));
    let bytes =
        published().bent(|it| drop(it.headers.insert(SIGNATURE, HeaderValue::from_bytes(b"\xff").unwrap())));
    assert_eq!(bytes.judged_by(&verifier(BASE)), Err(SignatureError::Header));
}

/// S-01, row by row: a true request, bent in one way, is refused. Each row begins from a request that is let in, which
/// is the control.
#[test]
fn every_bent_request_is_refused() {
    let verifier = verifier(BASE);
    let mut rows = 0;
    for path in ["/status", "/status?s=AbC-_9", "/voice?q=2&s=t", "/recording?s=1", "/amd?s=1", "/fallback"] {
        let form = [("AccountSid", "AC1"), ("CallSid", "CA1"), ("CallStatus", "busy"), ("From", "+15550100")];
        let request = Request::signed(BASE, path, &form);
        assert_eq!(request.judged_by(&verifier), Ok(()), "the control");
        for (what, bent) in bent_in_every_way(&request) {
            assert!(bent.judged_by(&verifier).is_err(), "let in on {path}: {what}");
            rows += 1;
        }
    }
    assert!(rows >= 200, "only {rows} rows");
}

fn bent_in_every_way(request: &Request) -> Vec<(String, Request)> {
    let mut rows: Vec<(String, Request)> = Vec::new();
    let signature = signature_of(request);
    let mut add = |what: &str, bend: &dyn Fn(&mut Request)| rows.push((what.to_owned(), request.bent(bend)));
    for length in [0, 1, 14, 27] {
        add(&format!("signature cut to {length}"), &|it| it.set(SIGNATURE, &signature[..length]));
    }
    for tail in ["=", " =", "A", "\t"] {
        add("signature with a tail", &|it| it.set(SIGNATURE, &format!("{signature}{tail}")));
    }
    add("signature in url-safe base64", &|it| it.set(SIGNATURE, &format!("{}-", &signature[..27])));
    add("signature in lower case", &|it| it.set(SIGNATURE, &signature.to_lowercase()));
    add("signature without padding", &|it| it.set(SIGNATURE, signature.trim_end_matches('=')));
    add("signature of zeros", &|it| it.set(SIGNATURE, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    add("signature of nothing", &|it| it.set(SIGNATURE, &sign(TOKEN, "", &[], Hash::Sha1)));
    for other in
        ["/", "/answer", "/status/", "//status", "/status?s=AbC-_8", "/STATUS", "/voice?q=3&s=t", "/%73tatus"]
    {
        if other != request.path {
            add(&format!("on {other}"), &|it| it.path = other.to_owned());
        }
    }
    for tail in ["#x", "&x=1", "?x=1", "%00", "&", "?"] {
        add(&format!("path with {tail}"), &|it| it.path.push_str(tail));
    }
    for whole in ["https://mycompany.com/status", "status", "", "*"] {
        add("no path", &|it| it.path = whole.to_owned());
    }
    let text = String::from_utf8(request.body.clone()).unwrap();
    for (from, to) in [
        ("busy", "completed"),
        ("CA1", "CA2"),
        ("AC1", "AC2"),
        ("%2B", ""),
        ("%2B", "+"),
        ("CallStatus", "callstatus"),
        ("&From=%2B15550100", ""),
        ("busy", "busy%00"),
        ("busy", "b%C3%BCsy"),
    ] {
        add(&format!("{from} changed to {to:?}"), &|it| it.body = text.replace(from, to).into_bytes());
    }
    for tail in ["&Extra=1", "&CallStatus=completed", "&=", "&Digits=", "&CallSid=CA2", "&%00=1"] {
        // A name without a value adds a name to what is signed.
        if tail != "&=" {
            add(&format!("body with {tail}"), &|it| it.body = format!("{text}{tail}").into_bytes());
        }
    }
    add("no body", &|it| it.body.clear());
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD, Method::OPTIONS] {
        add(&format!("by {method}"), &|it| it.method = method.clone());
    }
    add("as a socket", &|it| it.scheme = Scheme::WebSocket);
    add("with the settings of a shared key", &|it| it.set(SETTINGS, "key=k,algorithm=HMAC_SHA256"));
    add("with a content type twice", &|it| {
        let again = it.headers[CONTENT_TYPE].clone();
        it.headers.append(CONTENT_TYPE, again);
    });
    rows
}
