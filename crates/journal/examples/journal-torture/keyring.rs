//! The key file under power cuts: a key that sealed something acknowledged is never lost, a forgotten one never comes back.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use trunkline_journal::keys::{KeyError, KeyRing, PersonId, Unsealed};
use trunkline_testkit::{
    chance::Chance,
    powercut::{Fault, FolderChanges, PowerCut, Shim},
};

use crate::{Args, Outcome, child, report, report::Row};

const WRITERS: u64 = 4;
const SECRET: &[u8] = b"what was said";

/// What the child said about a person.
enum Told {
    Sealed(String),
    /// Its forgetting was begun; nobody was told that it is done.
    Fading(String),
    Forgotten(String),
}

/// F-02 and F-03, for keys.
pub fn key_file(rounds: u64, seed: u64) -> Outcome<Row> {
    let mut row = Row::new("F-02k", "power cut and failed syncs under the key file", rounds, seed);
    let mut chance = Chance::from_seed(seed);
    let place = tempfile::tempdir()?;
    let shim = Shim::compile(place.path())?;
    for round in 0..rounds {
        let fault = if chance.percent(50) { Fault::None } else { Fault::FailSync(chance.between(3, 60)) };
        row.lost += one_life(&shim, round, fault, &mut chance, &mut row)?;
    }
    for round in 0..rounds.div_ceil(5) {
        let mut ignored = Row::new("control", "", 0, seed);
        row.control += one_life(&shim, rounds + round, Fault::IgnoreFolderSyncs, &mut chance, &mut ignored)?;
    }
    Ok(row)
}

fn one_life(shim: &Shim, round: u64, fault: Fault, chance: &mut Chance, row: &mut Row) -> Outcome<u64> {
    let work = tempfile::tempdir_in(std::env::var_os("TORTURE_DIR").unwrap_or_else(|| "/var/tmp".into()))?;
    let dir = work.path().join("keys");
    let power = PowerCut::new(shim, &dir, &work.path().join("shim"))?;
    // The file itself is there before: its making is not what this is about.
    drop(KeyRing::open(&dir.join("keys"))?);
    let mut told = HashMap::new();
    let lives = [(fault, 40, 120), (no_failures(fault), 5, 40)];
    for (life, (fault, low, high)) in lives.into_iter().enumerate() {
        let mut command = Command::new(std::env::current_exe()?);
        let first = (round * 2 + life as u64) << 20;
        command.arg("keychild").arg("--dir").arg(&dir).args(["--first", &first.to_string()]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        power.watch(&mut command, fault);
        let mut child = command.spawn()?;
        let out = BufReader::new(child.stdout.take().ok_or("no output")?);
        let listener = thread::spawn(move || out.lines().map_while(Result::ok).collect::<Vec<_>>());
        thread::sleep(Duration::from_millis(chance.between(low, high)));
        child.kill()?;
        row.count("ended by themselves", u64::from(child.wait()?.code().is_some()));
        for line in listener.join().map_err(|_| "the listener panicked")? {
            hear(&line, &mut told);
        }
    }
    power.strike(chance, FolderChanges::Undo)?;
    let ring = match KeyRing::open(&dir.join("keys")) {
        Ok(ring) => ring,
        Err(error @ (KeyError::Damaged(_) | KeyError::File(_))) => {
            report::complain(&error.to_string());
            return Ok(told.len() as u64);
        }
        Err(error) => return Err(error.into()),
    };
    row.count("sealed", told.len() as u64);
    Ok(told.iter().filter(|(person, told)| !is_kept(&ring, **person, told)).count() as u64)
}

fn no_failures(fault: Fault) -> Fault {
    match fault {
        Fault::FailSync(_) => Fault::None,
        other => other,
    }
}

fn person(number: u64) -> PersonId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_le_bytes());
    PersonId(id)
}

/// `s 17 text`: sealed for 17. `g 17`: about to forget 17. `f 17`: forgot 17.
fn hear(line: &str, told: &mut HashMap<u64, Told>) {
    let mut words = line.split(' ');
    let (what, number) = (words.next(), words.next().and_then(|number| number.parse().ok()));
    let Some(number) = number else { return };
    let before = told.remove(&number);
    let now = match (what, before, words.next()) {
        (Some("s"), _, Some(text)) => Told::Sealed(text.to_owned()),
        (Some("g"), Some(Told::Sealed(text)), _) => Told::Fading(text),
        (Some("f"), Some(Told::Fading(text)), _) => Told::Forgotten(text),
        (_, Some(before), _) => before,
        (_, None, _) => return,
    };
    told.insert(number, now);
}

fn is_kept(ring: &KeyRing, number: u64, told: &Told) -> bool {
    let open = |text| ring.unseal(person(number), text);
    match told {
        Told::Sealed(text) => open(text).as_deref() == Ok(SECRET),
        Told::Fading(text) => open(text) != Err(Unsealed::Damaged),
        Told::Forgotten(text) => open(text) == Err(Unsealed::Erased),
    }
}

/// The process under test: seals for new persons, forgets every fifth.
pub fn run_child(args: &Args) -> Outcome<()> {
    let ring = KeyRing::open(&Path::new(args.word("dir")?).join("keys"))?;
    let first = args.number("first", 0)?;
    let ended = thread::scope(|scope| {
        let ring = &ring;
        let seal = |writer: u64| scope.spawn(move || seal_and_forget(ring, first | writer << 16));
        let writers: Vec<_> = (0..WRITERS).map(seal).collect();
        writers.into_iter().map(|writer| writer.join().ok()).collect::<Vec<_>>()
    });
    report::complain(&format!("{ended:?}"));
    std::process::exit(child::POISONED)
}

fn seal_and_forget(ring: &KeyRing, first: u64) -> KeyError {
    let mut number = first;
    loop {
        match ring.seal(person(number), SECRET) {
            Ok(text) => say(&format!("s {number} {text}")),
            Err(error) => return error,
        }
        if number % 5 == 4 {
            say(&format!("g {number}"));
            match ring.forget(person(number)) {
                Ok(_) => say(&format!("f {number}")),
                Err(error) => return error,
            }
        }
        number += 1;
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A parent that is gone needs no news.
    let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
}
