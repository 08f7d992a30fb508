//! S-01: a true webhook, bent in one way, on every route: refused, and never written down.

use super::{SID, Watched};
use crate::client::raw;
use crate::house::{ACCOUNT, House, Opening, encode};
use trunkline_sim::sign;

const TOKEN: &str = "simulator-auth-token";
const FORM: &str = "application/x-www-form-urlencoded";
const ROUTES: [&str; 7] =
    ["/answer", "/voice?q=0", "/fallback", "/status", "/recording", "/amd", "/transcription"];

/// A webhook that can be bent.
#[derive(Clone)]
struct Webhook {
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, String)>,
    form: Vec<(String, String)>,
    /// In the place of the form.
    body: Option<Vec<u8>>,
    server: String,
}

impl Webhook {
    /// As the carrier sends it.
    fn true_one(house: &House, target: &str) -> Self {
        let form = [
            ("AccountSid", ACCOUNT),
            ("CallSid", SID),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
            ("From", "+15550100123"),
            ("To", "+15005550006"),
            ("RecordingSid", "RE00000000000000000000000000000001"),
            ("RecordingStatus", "completed"),
            ("AnsweredBy", "human"),
        ];
        let mut webhook = Self {
            method: "POST",
            target: target.to_owned(),
            headers: vec![("content-type", FORM.to_owned())],
            form: form.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: None,
            server: house.server.to_string(),
        };
        webhook.signed(&webhook.signature(TOKEN, &format!("http://{}", webhook.server)));
        webhook
    }

    fn signature(&self, token: &str, origin: &str) -> String {
        sign(token, &format!("{origin}{}", self.target), &self.form)
    }

    fn signed(&mut self, signature: &str) {
        self.without("x-twilio-signature");
        self.headers.push(("x-twilio-signature", signature.to_owned()));
    }

    fn without(&mut self, name: &str) {
        self.headers.retain(|(known, _)| *known != name);
    }

    fn of_type(&mut self, kind: &str) {
        self.without("content-type");
        self.headers.push(("content-type", kind.to_owned()));
    }

    fn field(&mut self, name: &str, value: &str) {
        let found = self.form.iter_mut().find(|(known, _)| known == name);
        value.clone_into(&mut found.unwrap().1);
    }

    fn bytes(&self) -> Vec<u8> {
        let pairs: Vec<(&str, &str)> = self.form.iter().map(|(name, value)| (&**name, &**value)).collect();
        let body = self.body.clone().unwrap_or_else(|| encode(&pairs).into_bytes());
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n",
            self.method, self.target, self.server
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        [head.into_bytes(), body].concat()
    }
}

/// Every way in which a true webhook is bent.
fn bent(whole: &Webhook) -> Vec<(String, Webhook)> {
    let mut rows: Vec<(String, Webhook)> = Vec::new();
    let mut add = |what: &str, bend: &dyn Fn(&mut Webhook)| {
        let mut bent = whole.clone();
        bend(&mut bent);
        rows.push((what.to_owned(), bent));
    };
    let right = whole.signature(TOKEN, &format!("http://{}", whole.server));
    let cut = |at: usize| right[..at].to_owned();

    add("no signature", &|it| it.without("x-twilio-signature"));
    for (what, signature) in [
        ("an empty signature", String::new()),
        ("a word for a signature", "nonsense".to_owned()),
        ("a signature cut to one letter", cut(1)),
        ("a signature cut in the middle", cut(14)),
        ("a signature without its padding", cut(27)),
        ("a signature with a tail", format!("{right}A")),
        ("a signature with more padding", format!("{right}=")),
        ("a signature in lower case", right.to_lowercase()),
        ("a signature of zeros", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
        ("two signatures in one", format!("{right},{right}")),
        (
            "a signature by another token",
            whole.signature("another-token", &format!("http://{}", whole.server)),
        ),
        ("a signature by no token", whole.signature("", &format!("http://{}", whole.server))),
        ("a signature for another host", whole.signature(TOKEN, "http://evil.example")),
        ("a signature for another scheme", whole.signature(TOKEN, &format!("https://{}", whole.server))),
        ("a signature for another port", whole.signature(TOKEN, "http://127.0.0.1:1")),
        ("a signature for no host", whole.signature(TOKEN, "")),
        ("a signature of no fields", sign(TOKEN, &format!("http://{}{}", whole.server, whole.target), &[])),
    ] {
        add(what, &|it| it.signed(&signature));
    }
    add("two signatures", &|it| it.headers.push(("x-twilio-signature", right.clone())));
    add("the signature in another header", &|it| {
        it.without("x-twilio-signature");
        it.headers.push(("x-signature", right.clone()));
    });
    add("the signature of a shared key", &|it| {
        it.headers.push(("x-twilio-webhooks-signature-settings", "key=k,algorithm=HMAC_SHA256".to_owned()));
    });

    for other in ROUTES.into_iter().filter(|other| *other != whole.target) {
        add(&format!("on {other}"), &|it| it.target = other.to_owned());
    }
    let joint = if whole.target.contains('?') { '&' } else { '?' };
    for more in
        ["x=1", "q=3", "s=AAAA", "name=Ann", "bodySHA256=00", "bodySHA256", "bodySHA256=00&bodySHA256=00"]
    {
        add(&format!("with {more} in its address"), &|it| it.target.push_str(&format!("{joint}{more}")));
    }

    add("a field altered", &|it| it.field("CallStatus", "completed"));
    add("another call", &|it| it.field("CallSid", "CA0000000000000000000000000000dead"));
    add("another account", &|it| it.field("AccountSid", "AC00000000000000000000000000000002"));
    add("another caller", &|it| it.field("From", "+15550100124"));
    add("a field with a NUL", &|it| it.field("From", "+15550100123\0"));
    add("a field with a blank", &|it| it.field("From", "+15550100123 "));
    add("a field in other letters", &|it| it.field("CallStatus", "Ringing"));
    add("a field less", &|it| drop(it.form.pop()));
    add("a field more", &|it| it.form.push(("Digits".into(), "1".into())));
    add("a field without a name more", &|it| it.form.push((String::new(), "1".into())));
    add("a field twice, with another value", &|it| it.form.push(("CallStatus".into(), "busy".into())));
    add("a field's name in other letters", &|it| it.form[2].0 = "callstatus".into());
    add("no fields", &|it| it.form.clear());
    for charset in ["utf-16", "utf-7", "iso-8859-1", "ibm500"] {
        add(&format!("in {charset}"), &|it| it.of_type(&format!("{FORM}; charset={charset}")));
    }
    for kind in ["multipart/form-data; boundary=x", "text/plain", "application/json"] {
        add(&format!("as {kind}"), &|it| it.of_type(kind));
    }
    add("as nothing", &|it| it.without("content-type"));
    add("as two things", &|it| it.headers.push(("content-type", FORM.into())));
    add("in bytes that are no text", &|it| it.body = Some(b"CallSid=\xff".to_vec()));
    add("in escapes that are none", &|it| it.body = Some(b"CallSid=%zz".to_vec()));
    add("as JSON", &|it| {
        it.of_type("application/json");
        it.body = Some(format!(r#"{{"CallSid": "{SID}"}}"#).into_bytes());
    });
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn s_01_a_true_webhook_bent_in_any_way_is_refused_and_never_written_down() {
    let watched = Watched::open(Opening::default()).await;
    let server = watched.house.server;
    let before = watched.records();
    let mut rows = 0;
    for route in ROUTES {
        for (what, bent) in bent(&Webhook::true_one(&watched.house, route)) {
            let answer =
                raw(server, &bent.bytes()).await.unwrap_or_else(|| panic!("{what}, on {route}: no answer"));
            assert_eq!(answer.status, 403, "{what}, on {route}");
            assert!(!answer.text().contains("signature is wrong"), "nobody is told which part was wrong");
            rows += 1;
        }
    }
    assert_eq!(rows, 7 * 59);
    assert_eq!(watched.records(), before);
    // The control: each of them as it was is let in, and what it tells is written down.
    for route in ROUTES {
        let answer = raw(server, &Webhook::true_one(&watched.house, route).bytes()).await.unwrap();
        assert!(answer.status < 300, "{route}: {}", answer.status);
    }
    assert!(watched.records() > before);
}

/// What the carrier may write in another way and still means the same is let in.
#[tokio::test(flavor = "multi_thread")]
async fn a_true_webhook_in_another_spelling_is_let_in() {
    let watched = Watched::open(Opening::default()).await;
    let whole = Webhook::true_one(&watched.house, "/voice?q=0");
    let spelled = |spell: &dyn Fn(&mut Webhook)| {
        let mut spelled = whole.clone();
        spell(&mut spelled);
        spelled
    };
    for (what, spelled) in [
        ("in another order", spelled(&|it| it.form.reverse())),
        ("with a field said twice", spelled(&|it| it.form.push(it.form[0].clone()))),
        ("with its charset", spelled(&|it| it.of_type(&format!("{FORM}; charset=UTF-8")))),
        ("with a header in other letters", spelled(&|it| it.headers[1].0 = "X-Twilio-Signature")),
    ] {
        assert_eq!(raw(watched.house.server, &spelled.bytes()).await.unwrap().status, 200, "{what}");
    }
}
