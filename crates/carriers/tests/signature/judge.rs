//! Twilio's own library as the judge: what it signs we let in, and of bent requests both think the same.

use super::sign::{Hash, sha256, sign};
use super::{BASE, Request, TOKEN};
use http::header::CONTENT_TYPE;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::process::{Command, Stdio};
use trunkline_carriers::twilio::signature::{SETTINGS, Verifier};

const CASES: usize = 3_000;

/// One request, as both sides are told it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Case {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<(String, String)>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    signature: String,
    algorithm: String,
}

impl Case {
    fn we_think(&self) -> bool {
        let path = self.url.strip_prefix(BASE).unwrap();
        let path = path.strip_prefix(":443").unwrap_or(path);
        let mut request = match (&self.fields, &self.body) {
            (Some(fields), _) => {
                let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                Request::post(path, &body, &self.signature)
            }
            (None, body) => Request::post(path, body.as_deref().unwrap_or_default(), &self.signature)
                .with(CONTENT_TYPE.as_str(), "application/json"),
        };
        if self.algorithm == "HMAC_SHA256" {
            request.set(SETTINGS, "key=k,algorithm=HMAC_SHA256");
        }
        let verifier = Verifier::new(BASE.parse().unwrap(), SecretString::from(TOKEN));
        let verifier = verifier.with_shared_key("k", SecretString::from(TOKEN));
        request.judged_by(&verifier).is_ok()
    }
}

#[test]
#[ignore = "needs Python with Twilio's library; cargo xtask test runs it"]
fn twilios_own_library_agrees() {
    let seed: u64 = std::env::var("TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    println!("TEST_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);

    let theirs: Vec<Case> = python(&[&seed.to_string(), &CASES.to_string()], "")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(theirs.len(), CASES);
    for case in &theirs {
        assert!(case.we_think(), "signed by Twilio's library and refused: {case:?}");
    }

    let ours: Vec<Case> = (0..CASES).map(|_| random_case(&mut chance)).collect();
    let bent = theirs.iter().chain(&ours).map(|case| bend(case.clone(), &mut chance)).collect::<Vec<_>>();
    let all: Vec<Case> = ours.into_iter().chain(bent).collect();
    let told: String = all.iter().map(|case| serde_json::to_string(case).unwrap() + "\n").collect();
    let verdicts = python(&[], &told);
    let verdicts: Vec<bool> = verdicts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verdicts.len(), all.len());
    for (case, they_think) in all.iter().zip(&verdicts) {
        assert_eq!(case.we_think(), *they_think, "{case:?}");
    }
    let refused = verdicts.iter().filter(|verdict| !**verdict).count();
    println!("{} requests, {refused} of them refused by both", all.len() + theirs.len());
    assert!(refused > CASES, "the bent requests must be refused: only {refused} were");
}

fn random_case(chance: &mut StdRng) -> Case {
    let path = ["/status", "/voice?q=1&s=aB-_", "/amd?s=x%20y+z"].choose(chance).unwrap();
    let mut url = format!("{BASE}{path}");
    let hash = if chance.random_bool(0.5) { Hash::Sha1 } else { Hash::Sha256 };
    let algorithm = if hash == Hash::Sha1 { "HMAC_SHA1" } else { "HMAC_SHA256" }.to_owned();
    if chance.random_bool(0.2) {
        let body = format!("{{\"word\":\"{}\"}}", word(chance));
        url.push_str(if url.contains('?') { "&" } else { "?" });
        url.push_str(&format!("bodySHA256={}", sha256(&body)));
        let signature = sign(TOKEN, &url, &[], hash);
        return Case { url, fields: None, body: Some(body), signature, algorithm };
    }
    let count = chance.random_range(0..10);
    let fields: Vec<(String, String)> = (0..count)
        .map(|_| ((*["CallSid", "From", "a", "A", "ab"].choose(chance).unwrap()).to_owned(), word(chance)))
        .collect();
    let pairs: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let signature = sign(TOKEN, &url, &pairs, hash);
    Case { url, fields: Some(fields), body: None, signature, algorithm }
}

fn bend(mut case: Case, chance: &mut StdRng) -> Case {
    match chance.random_range(0..6) {
        0 => case.url.push('x'),
        1 => drop(case.signature.pop()),
        2 => case.signature.replace_range(3..4, if &case.signature[3..4] == "A" { "B" } else { "A" }),
        3 => {
            let other = if case.algorithm == "HMAC_SHA1" { "HMAC_SHA256" } else { "HMAC_SHA1" };
            other.clone_into(&mut case.algorithm);
        }
        // May change nothing: then both must let it in.
        4 => case.fields.iter_mut().for_each(|fields| fields.reverse()),
        _ => match (&mut case.fields, &mut case.body) {
            (Some(fields), _) => fields.push(("Extra".to_owned(), word(chance))),
            (None, Some(body)) => body.push(' '),
            (None, None) => {}
        },
    }
    case
}

fn word(chance: &mut StdRng) -> String {
    const LETTERS: [char; 14] =
        ['a', 'Z', '0', '+', ' ', '&', '=', '%', '\'', 'é', 'ש', '\u{202E}', '😀', '~'];
    let count = chance.random_range(0..12);
    (0..count).map(|_| LETTERS.choose(chance).unwrap()).collect()
}

fn python(arguments: &[&str], input: &str) -> String {
    let program = std::env::var("TRUNKLINE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/signature/judge.py");
    let mut command = Command::new(program);
    command.arg(script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("Python 3 is needed");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the judge broke down");
    String::from_utf8(output.stdout).unwrap()
}
