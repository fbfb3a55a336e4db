//! Keys: their text, their file, their ring.

use super::*;
use crate::auth::{Role, Tenants};

fn key(seed: u8) -> ApiKey {
    ApiKey::new(std::array::from_fn(|i| seed.wrapping_mul(31).wrapping_add(i as u8)))
}

fn record(key: &ApiKey) -> KeyRecord {
    KeyRecord {
        id: key.id().to_owned(),
        name: "dashboard".to_owned(),
        hash: KeyRecord::hash_text(&key.hash()),
        role: "viewer".to_owned(),
        tenants: Some(vec!["acme".to_owned()]),
        tenant_pattern: None,
        all_tenants: false,
        created: "2026-01-01T00:00:00.000Z".to_owned(),
        expires: None,
    }
}

fn text(keys: Vec<KeyRecord>) -> String {
    KeyFile { keys }.render().expect("rendered")
}

#[test]
fn a_key_is_its_text_and_back() {
    let made = key(7);
    let shown = made.reveal();
    assert_eq!(shown.len(), 3 + 16 + 1 + 64);
    let read = ApiKey::parse(&shown).expect("a key");
    assert_eq!((read.id(), read.reveal()), (made.id(), shown.clone()));
    assert!(read.is_of(&made.hash()) && !read.is_of(&key(8).hash()));
    assert!(!format!("{made:?}").contains(&shown[20..]), "its secret is never printed");
    for bad in
        ["", "lv_", "lv__", &shown[1..], &shown[..83], &format!("{shown}0"), &shown.to_uppercase()]
    {
        assert!(ApiKey::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_ring_knows_its_keys_only() {
    let (mine, other) = (key(1), key(2));
    let ring = KeyRing::default();
    assert!(ring.find(&mine.reveal()).is_none(), "an empty ring");
    let mut second = record(&other);
    (second.tenants, second.all_tenants) = (None, true);
    second.role = "operator".to_owned();
    assert_eq!(ring.load(&text(vec![record(&mine), second])), Ok(2));
    let found = ring.find(&mine.reveal()).expect("mine");
    assert_eq!((found.role, &found.tenants), (Role::Viewer, &Tenants::one("acme")));
    assert_eq!(ring.find(&other.reveal()).expect("other").tenants, Tenants::All);
    // The id of one with the secret of the other.
    let mixed = format!("lv_{}_{}", mine.id(), &other.reveal()[20..]);
    assert!(ring.find(&mixed).is_none());
    assert!(ring.find(&key(3).reveal()).is_none());
}

#[test]
fn a_bad_file_leaves_the_ring_as_it_was() {
    let mine = key(1);
    let ring = KeyRing::default();
    ring.load(&text(vec![record(&mine)])).expect("good");
    let broken = |change: fn(&mut KeyRecord)| {
        let mut it = record(&key(2));
        change(&mut it);
        text(vec![it])
    };
    let twice = text(vec![record(&mine), record(&mine)]);
    let cases = [
        (broken(|it| it.role = "root".to_owned()), "role"),
        (broken(|it| it.id = "x".to_owned()), "id"),
        (broken(|it| it.hash = "md5:00".to_owned()), "hash"),
        (broken(|it| it.name = "a\nb".to_owned()), "name"),
        (broken(|it| it.all_tenants = true), "needs one of"),
        (broken(|it| it.tenants = None), "needs one of"),
        (broken(|it| it.expires = Some("soon".to_owned())), "expiry"),
        (twice, "twice"),
        ("[[keys]]\nid = \"lv_1\"\nsecret = \"s3cret\"".to_owned(), "line"),
    ];
    for (bad, wanted) in cases {
        let why = ring.load(&bad).expect_err(wanted);
        assert!(why.contains(wanted) && !why.contains("s3cret"), "{why}");
        assert!(ring.find(&mine.reveal()).is_some(), "{why}");
    }
    ring.load("").expect("an empty file is a file");
    assert!(ring.find(&mine.reveal()).is_none(), "all are revoked");
}

#[test]
fn a_written_file_is_private_and_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("keys.toml");
    for content in ["first", "second, longer"] {
        write_private(&path, content).expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), content);
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left");
}
