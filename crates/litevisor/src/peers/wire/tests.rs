use std::sync::Arc;

use hypervisor::Manifest;
use proptest::prelude::*;
use ring::hmac;

use super::*;

fn key(text: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, text)
}

/// A copy as it goes out.
fn sent(keys: &[hmac::Key], nonce: Nonce, image: &[u8]) -> Vec<u8> {
    let bytes = image.len() as u64;
    let manifest = Manifest { tenant: "acme".to_owned(), bytes, ..Manifest::default() };
    let (mut all, mut sealer) = Sealer::new(keys, nonce, &manifest).expect("a secret");
    for piece in image.chunks(CHUNK_BYTES) {
        sealer.piece(piece);
        all.extend_from_slice(piece);
    }
    all.extend(sealer.tail());
    all
}

/// What comes of it, fed in pieces of `step`: the image if all of it was there, or why not; `None`:
/// more was wanted.
fn taken(
    keys: &[hmac::Key],
    nonce: Nonce,
    all: &[u8],
    step: usize,
) -> Result<Option<Vec<u8>>, &'static str> {
    let mut opener = Opener::new(keys.into(), nonce);
    let mut image = Vec::new();
    for bytes in all.chunks(step.max(1)) {
        opener.push(bytes);
        loop {
            match opener.next()? {
                Come::Nothing => break,
                Come::Manifest(manifest) => assert_eq!(manifest.tenant, "acme"),
                Come::Piece(piece) => {
                    assert!(piece.len() <= CHUNK_BYTES);
                    image.extend(piece);
                }
                Come::Whole => return Ok(Some(image)),
            }
        }
    }
    Ok(None)
}

#[test]
fn a_copy_of_another_secret_or_another_request_is_none() {
    let all = sent(&[key(b"a")], [1; 16], b"image");
    assert_eq!(taken(&[key(b"b"), key(b"a")], [1; 16], &all, 7), Ok(Some(b"image".to_vec())));
    assert!(taken(&[key(b"b")], [1; 16], &all, 7).is_err());
    assert!(taken(&[key(b"a")], [2; 16], &all, 7).is_err());
    let keys: Arc<[hmac::Key]> = Arc::new([]);
    assert!(taken(&keys, [1; 16], &all, 7).is_err());
}

#[test]
fn a_manifest_has_a_bound() {
    let mut opener = Opener::new([key(b"a")].into(), [0; 16]);
    opener.push(&[&FORM[..], &u32::MAX.to_le_bytes()].concat());
    assert_eq!(opener.next(), Err("its manifest is too large"));
    let mut opener = Opener::new([key(b"a")].into(), [0; 16]);
    opener.push(b"LVI2\0\0\0\0");
    assert_eq!(opener.next(), Err("it is in another form"));
}

proptest! {
    #[test]
    fn what_was_sent_comes(image in proptest::collection::vec(any::<u8>(), 0..200_000), step in 1..90_000usize) {
        let keys = [key(b"a")];
        let all = sent(&keys, [3; 16], &image);
        prop_assert_eq!(taken(&keys, [3; 16], &all, step), Ok(Some(image)));
        prop_assert_eq!(taken(&keys, [3; 16], &all[..all.len() - 1], step), Ok(None));
    }

    #[test]
    fn nothing_else_comes(at in any::<prop::sample::Index>(), bit in 0..8u32, step in 1..2_000usize) {
        let keys = [key(b"a")];
        let mut all = sent(&keys, [3; 16], &[9; 1_000]);
        let at = at.index(all.len());
        all[at] ^= 1 << bit;
        // The length of the manifest may say that more is to come.
        prop_assert!(!matches!(taken(&keys, [3; 16], &all, step), Ok(Some(_))));
    }

    #[test]
    fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400), step in 1..50usize) {
        let framed = [&FORM[..], &bytes].concat();
        for all in [bytes, framed] {
            prop_assert!(!matches!(taken(&[key(b"a")], [0; 16], &all, step), Ok(Some(_))));
        }
    }
}
