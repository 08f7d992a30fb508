//! Sealing for a person, and forgetting a person.
#![expect(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use trunkline_journal::keys::{KeyError, KeyRing, PersonId, Unsealed};

const ANN: PersonId = PersonId(*b"ann.............");
const BOB: PersonId = PersonId(*b"bob.............");

fn ring() -> (tempfile::TempDir, PathBuf, KeyRing) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys");
    let ring = KeyRing::open(&path).unwrap();
    (dir, path, ring)
}

#[test]
fn what_was_sealed_can_be_opened_after_a_restart() {
    let (_dir, path, ring) = ring();
    let sealed = ring.seal(ANN, b"hello").unwrap();
    assert!(!sealed.contains("hello"));
    drop(ring);
    assert_eq!(KeyRing::open(&path).unwrap().unseal(ANN, &sealed), Ok(b"hello".to_vec()));
}

#[test]
fn a_forgotten_person_stays_forgotten_and_nobody_else_is() {
    let (_dir, path, ring) = ring();
    let of_ann = ring.seal(ANN, b"ann's").unwrap();
    let of_bob = ring.seal(BOB, b"bob's").unwrap();
    assert!(ring.forget(ANN).unwrap());
    assert!(!ring.forget(ANN).unwrap());
    for ring in [ring, KeyRing::open(&path).unwrap()] {
        assert_eq!(ring.unseal(ANN, &of_ann), Err(Unsealed::Erased));
        assert_eq!(ring.unseal(BOB, &of_bob), Ok(b"bob's".to_vec()));
    }
}

#[test]
fn many_are_forgotten_at_once() {
    let (_dir, path, ring) = ring();
    let sealed = [ANN, BOB].map(|person| ring.seal(person, b"hello").unwrap());
    let stranger = PersonId(*b"eve.............");
    assert_eq!(ring.forget_all(&[ANN, stranger, BOB, ANN]).unwrap(), 2);
    assert_eq!(ring.forget_all(&[ANN]).unwrap(), 0);
    let reopened = KeyRing::open(&path).unwrap();
    assert!(reopened.is_empty());
    assert_eq!(reopened.unseal(ANN, &sealed[0]), Err(Unsealed::Erased));
}

#[test]
fn a_forgotten_person_who_returns_gets_a_new_key_that_does_not_open_the_old() {
    let (_dir, _path, ring) = ring();
    let old = ring.seal(ANN, b"old").unwrap();
    ring.forget(ANN).unwrap();
    let new = ring.seal(ANN, b"new").unwrap();
    assert_eq!(ring.unseal(ANN, &old), Err(Unsealed::Erased));
    assert_eq!(ring.unseal(ANN, &new), Ok(b"new".to_vec()));
}

#[test]
fn an_altered_text_is_damaged_and_not_erased() {
    let (_dir, _path, ring) = ring();
    let mut sealed = ring.seal(ANN, b"hello").unwrap().into_bytes();
    let last = sealed.len() - 3;
    sealed[last] = if sealed[last] == b'A' { b'B' } else { b'A' };
    let sealed = String::from_utf8(sealed).unwrap();
    assert_eq!(ring.unseal(ANN, &sealed), Err(Unsealed::Damaged));
    assert_eq!(ring.unseal(ANN, "not sealed"), Err(Unsealed::Damaged));
}

#[test]
fn the_file_is_for_its_owner_only() {
    let (_dir, path, ring) = ring();
    ring.seal(ANN, b"x").unwrap();
    ring.forget(ANN).unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn many_new_persons_at_once_all_get_keys_that_last() {
    let (_dir, path, ring) = ring();
    let sealed: Vec<_> = std::thread::scope(|scope| {
        let seal = |n: u8| {
            let ring = &ring;
            scope.spawn(move || {
                (0..20u8).map(|m| ring.seal(PersonId([n % 4 * 20 + m; 16]), &[m]).unwrap()).collect()
            })
        };
        let writers: Vec<_> = (0..8).map(seal).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect::<Vec<Vec<String>>>()
    });
    drop(ring);
    let ring = KeyRing::open(&path).unwrap();
    assert_eq!(ring.len(), 80);
    for (n, texts) in sealed.iter().enumerate() {
        for (m, text) in texts.iter().enumerate() {
            let person = PersonId([(n % 4 * 20 + m) as u8; 16]);
            assert_eq!(ring.unseal(person, text), Ok(vec![m as u8]));
        }
    }
}

#[test]
fn keys_of_many_are_made_with_one_write_and_those_that_are_there_stay() {
    let (_dir, path, ring) = ring();
    let of_ann = ring.seal(ANN, b"ann's").unwrap();
    let before = std::fs::metadata(&path).unwrap().len();
    let many: Vec<PersonId> = (0..100).map(|n| PersonId([n; 16])).chain([ANN, BOB, BOB]).collect();
    ring.make_all(&many).unwrap();
    ring.make_all(&many).unwrap();
    let written = std::fs::read(&path).unwrap().split_off(usize::try_from(before).unwrap());
    // Each entry says how much was durable before it was written.
    let durable: Vec<u64> =
        written.chunks(68).map(|entry| u64::from_le_bytes(entry[56..64].try_into().unwrap())).collect();
    assert_eq!(durable, [before; 101]);
    let of_bob = ring.seal(BOB, b"bob's").unwrap();
    drop(ring);
    let ring = KeyRing::open(&path).unwrap();
    assert_eq!(ring.len(), 102);
    assert_eq!(ring.unseal(ANN, &of_ann), Ok(b"ann's".to_vec()));
    assert_eq!(ring.unseal(BOB, &of_bob), Ok(b"bob's".to_vec()));
}

#[test]
fn a_torn_last_key_is_cut_and_a_damaged_earlier_one_is_refused() {
    let (_dir, path, ring) = ring();
    let of_ann = ring.seal(ANN, b"ann's").unwrap();
    ring.seal(BOB, b"bob's").unwrap();
    drop(ring);
    let whole = std::fs::read(&path).unwrap();

    std::fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let ring = KeyRing::open(&path).unwrap();
    assert_eq!((ring.len(), ring.unseal(ANN, &of_ann)), (1, Ok(b"ann's".to_vec())));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 8 + 68);

    let mut flipped = whole;
    flipped[20] ^= 1;
    std::fs::write(&path, flipped).unwrap();
    let Err(KeyError::Damaged(damage)) = KeyRing::open(&path) else {
        panic!("a lost key must not be passed over")
    };
    assert_eq!((damage.file, damage.offset), (path, 8));
}

#[test]
fn a_forgetting_that_was_cut_short_leaves_no_copy_of_keys() {
    let (_dir, path, ring) = ring();
    ring.seal(ANN, b"ann's").unwrap();
    drop(ring);
    let copy = path.with_extension("tmp");
    std::fs::copy(&path, &copy).unwrap();
    KeyRing::open(&path).unwrap();
    assert!(!copy.exists());
}

#[test]
fn beside_those_who_seal_only_keys_go_that_nobody_sealed_with_for_a_whole_turn() {
    let (_dir, path, ring) = ring();
    let [idle, before, now] = [1, 2, 3].map(|n| PersonId([n; 16]));
    let old = ring.seal(idle, b"long ago").unwrap();
    assert_eq!(ring.forget_idle(&[idle]).unwrap(), 0, "nobody has looked who seals");
    ring.turn();
    let kept = ring.seal(before, b"a turn ago").unwrap();
    ring.turn();
    let fresh = ring.seal(now, b"a moment ago").unwrap();
    assert_eq!(ring.forget_idle(&[idle, before, now]).unwrap(), 1);
    assert_eq!(ring.unseal(idle, &old), Err(Unsealed::Erased));
    assert_eq!(ring.unseal(before, &kept).unwrap(), b"a turn ago");
    assert_eq!(ring.unseal(now, &fresh).unwrap(), b"a moment ago");
    let again = ring.seal(idle, b"back").unwrap();
    assert_eq!(ring.unseal(idle, &again).unwrap(), b"back", "whoever returns has a key of their own");
    ring.turn();
    ring.turn();
    assert_eq!(ring.forget_idle(&[before, now]).unwrap(), 2);
    drop(ring);
    let ring = KeyRing::open(&path).unwrap();
    assert_eq!((ring.len(), ring.unseal(now, &fresh)), (1, Err(Unsealed::Erased)), "for good");
}
