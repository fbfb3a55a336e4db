//! A copy on the wire: four bytes that name the form, the manifest with its length and its MAC, the
//! image, and a MAC over all of it. Both are bound to the number of the request, so that nothing that
//! was sent once can be sent again. Pure: bytes in, bytes out.

use hypervisor::Manifest;
use model::limits::{CHUNK_BYTES, PEER_MANIFEST_BYTES_MAX};
use ring::hmac;

use super::credential::Nonce;

const FORM: &[u8; 4] = b"LVI1";
const MAC_BYTES: usize = 32;
/// Form and length.
const PRELUDE_BYTES: usize = 8;

/// Stand before what is signed, so that neither MAC can stand for the other.
const HEAD_PURPOSE: &[u8] = b"litevisor peer manifest 1\n";
const IMAGE_PURPOSE: &[u8] = b"litevisor peer image 1\n";

/// Signs a copy as it goes out.
pub(super) struct Sealer {
    mac: hmac::Context,
}

impl Sealer {
    /// The head, and what seals the pieces that follow it; `None` without a secret.
    pub(super) fn new(
        keys: &[hmac::Key],
        nonce: Nonce,
        manifest: &Manifest,
    ) -> Option<(Vec<u8>, Sealer)> {
        let key = keys.first()?;
        let said = serde_json::to_vec(manifest).ok()?;
        let length = u32::try_from(said.len()).ok()?;
        let mut mac = started(key, IMAGE_PURPOSE, nonce);
        mac.update(&said);
        let seal = sealed(started(key, HEAD_PURPOSE, nonce), &said);
        let head = [&FORM[..], &length.to_le_bytes(), &said, &seal].concat();
        Some((head, Sealer { mac }))
    }

    /// Takes note of a piece that goes out.
    pub(super) fn piece(&mut self, piece: &[u8]) {
        self.mac.update(piece);
    }

    /// What comes last.
    pub(super) fn tail(self) -> Vec<u8> {
        self.mac.sign().as_ref().to_vec()
    }
}

fn started(key: &hmac::Key, purpose: &[u8], nonce: Nonce) -> hmac::Context {
    let mut mac = hmac::Context::with_key(key);
    mac.update(purpose);
    mac.update(&nonce);
    mac
}

fn sealed(mut mac: hmac::Context, said: &[u8]) -> Vec<u8> {
    mac.update(said);
    mac.sign().as_ref().to_vec()
}

/// Reads a copy as it comes in, in pieces of any size.
pub(super) struct Opener {
    keys: std::sync::Arc<[hmac::Key]>,
    nonce: Nonce,
    buffer: Vec<u8>,
    stage: Stage,
}

enum Stage {
    Head,
    Image { mac: Box<hmac::Context>, left: u64 },
    Whole,
}

/// What has come.
#[derive(Debug, PartialEq)]
pub(super) enum Come {
    /// Not enough yet: more bytes are wanted.
    Nothing,
    /// The manifest, first.
    Manifest(Box<Manifest>),
    /// A piece of the image.
    Piece(Vec<u8>),
    /// All is there, and is what was sent.
    Whole,
}

impl Opener {
    pub(super) fn new(keys: std::sync::Arc<[hmac::Key]>, nonce: Nonce) -> Opener {
        Opener { keys, nonce, buffer: Vec::new(), stage: Stage::Head }
    }

    /// More bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// What can be told from the bytes so far.
    ///
    /// # Errors
    /// This is no copy of a peer; says why.
    pub(super) fn next(&mut self) -> Result<Come, &'static str> {
        match &mut self.stage {
            Stage::Head => self.head(),
            Stage::Image { mac, left } if *left > 0 => {
                let here = self.buffer.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                // Small pieces are gathered: each costs whoever takes it a reservation.
                if here < CHUNK_BYTES && (here as u64) < *left {
                    return Ok(Come::Nothing);
                }
                let rest = self.buffer.split_off(here.min(CHUNK_BYTES));
                let piece = std::mem::replace(&mut self.buffer, rest);
                mac.update(&piece);
                *left -= piece.len() as u64;
                Ok(Come::Piece(piece))
            }
            Stage::Image { mac, .. } => {
                if self.buffer.len() < MAC_BYTES {
                    return Ok(Come::Nothing);
                }
                let expected = mac.as_ref().clone().sign();
                if self.buffer.len() > MAC_BYTES || !same(expected.as_ref(), &self.buffer) {
                    return Err("the image is not what a peer sent");
                }
                self.stage = Stage::Whole;
                Ok(Come::Whole)
            }
            Stage::Whole => Ok(Come::Whole),
        }
    }

    fn head(&mut self) -> Result<Come, &'static str> {
        let Some(prelude) = self.buffer.first_chunk::<PRELUDE_BYTES>() else {
            return Ok(Come::Nothing);
        };
        let [a, b, c, d, length @ ..] = *prelude;
        if [a, b, c, d] != *FORM {
            return Err("it is in another form");
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > PEER_MANIFEST_BYTES_MAX {
            return Err("its manifest is too large");
        }
        let end = PRELUDE_BYTES + length + MAC_BYTES;
        if self.buffer.len() < end {
            return Ok(Come::Nothing);
        }
        let said = &self.buffer[PRELUDE_BYTES..PRELUDE_BYTES + length];
        let seal = &self.buffer[PRELUDE_BYTES + length..end];
        let signer = self
            .keys
            .iter()
            .find(|key| same(&sealed(started(key, HEAD_PURPOSE, self.nonce), said), seal));
        let signer = signer.ok_or("its manifest is not of a peer, or of another request")?;
        let manifest: Manifest =
            serde_json::from_slice(said).map_err(|_| "its manifest is of another version")?;
        let mut mac = started(signer, IMAGE_PURPOSE, self.nonce);
        mac.update(said);
        self.stage = Stage::Image { mac: Box::new(mac), left: manifest.bytes };
        self.buffer.drain(..end);
        Ok(Come::Manifest(Box::new(manifest)))
    }
}

/// Whether two MACs are equal, in a time that does not tell where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    use subtle::ConstantTimeEq;
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests;
