//! Changed inputs, the same for the same seed: of one that is kept, a few places are changed, cut,
//! doubled, exchanged for a word of the language, or taken from another one.

use std::ops::Range;

use crate::Target;

/// Changes of one input at most.
const CHANGES_MAX: usize = 6;
/// Bytes at the borders of what lengths and numbers may be.
const BORDERS: [u8; 8] = [0x00, 0x01, 0x04, 0x05, 0x7f, 0x80, 0xfe, 0xff];

/// Numbers that look random (splitmix64, <https://prng.di.unimi.it/splitmix64.c>).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One below `end`; 0 if there is none.
    fn below(&mut self, end: usize) -> usize {
        // The remainder is below `end`, which is a usize.
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// Makes changed inputs.
pub(crate) struct Mutator<'a> {
    target: &'a Target,
    kept: &'a [Vec<u8>],
    /// How many of them, the first, are the target's own.
    own: usize,
    numbers: Numbers,
}

impl<'a> Mutator<'a> {
    pub(crate) fn new(target: &'a Target, kept: &'a [Vec<u8>], own: usize, seed: u64) -> Self {
        Mutator { target, kept, own, numbers: Numbers(seed) }
    }

    /// The next input.
    pub(crate) fn next_input(&mut self) -> Vec<u8> {
        // Half of them from the target's own corpus, which what is kept elsewhere may outnumber.
        let whole = self.kept;
        self.kept = if self.numbers.below(2) == 0 { &whole[..self.own] } else { whole };
        let mut bytes = self.one_kept().to_vec();
        self.kept = whole;
        for change in 0..CHANGES_MAX {
            // Mostly few: each leaves less of what the input meant.
            if change > 0 && self.numbers.below(2) == 0 {
                break;
            }
            self.change(&mut bytes);
        }
        bytes.truncate(self.target.bytes_max);
        bytes
    }

    fn one_kept(&mut self) -> &'a [u8] {
        let number = self.numbers.below(self.kept.len());
        self.kept.get(number).map_or(&[], Vec::as_slice)
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        // A text that is changed by its tokens stays one that parsers take; a quarter of the
        // changes are not.
        let is_text = bytes.iter().all(|byte| *byte >= b' ' || byte.is_ascii_whitespace());
        if is_text && self.numbers.below(4) != 0 {
            return self.change_token(bytes);
        }
        let at = self.numbers.below(bytes.len());
        match self.numbers.below(9) {
            _ if bytes.is_empty() => bytes.push(self.numbers.byte()),
            0 => bytes[at] ^= 1 << self.numbers.below(8),
            1 => bytes[at] = self.numbers.byte(),
            2 => bytes[at] = BORDERS[self.numbers.below(BORDERS.len())],
            3 => bytes.insert(at, self.numbers.byte()),
            4 => drop(bytes.drain(at..self.end(at, bytes.len()))),
            5 => {
                let part = bytes[at..self.end(at, bytes.len())].to_vec();
                let to = self.numbers.below(bytes.len());
                bytes.splice(to..to, part);
            }
            6 => {
                let other = self.one_kept();
                let from = self.numbers.below(other.len());
                let part = other[from..self.end(from, other.len())].to_vec();
                let end = self.end(at, bytes.len());
                bytes.splice(at..end, part);
            }
            7 => self.put_word(bytes, at, at),
            _ => {
                let end = self.end(at, bytes.len());
                self.put_word(bytes, at, end);
            }
        }
    }

    /// Exchanges a token for another of the text, of another input, or for a word, or puts one in or
    /// takes one out.
    fn change_token(&mut self, bytes: &mut Vec<u8>) {
        let place = self.token(bytes);
        let (start, end) = (place.start, place.end);
        let other = match self.numbers.below(8) {
            0 => return drop(bytes.drain(place)),
            1 | 2 => return self.put_word(bytes, start, end),
            3 => return self.put_word(bytes, end, end),
            4 | 5 => bytes[self.token(bytes)].to_vec(),
            _ => {
                let kept = self.one_kept();
                kept[self.token(kept)].to_vec()
            }
        };
        bytes.splice(place, other);
    }

    /// One of the tokens: a run of letters and digits, or any other byte.
    fn token(&mut self, bytes: &[u8]) -> Range<usize> {
        let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
        let at = self.numbers.below(bytes.len()).min(bytes.len());
        let (before, after) = bytes.split_at(at);
        if !after.first().is_some_and(in_word) {
            return at..bytes.len().min(at + 1);
        }
        let start = before.iter().rposition(|byte| !in_word(byte)).map_or(0, |place| place + 1);
        let length = after.iter().position(|byte| !in_word(byte)).unwrap_or(after.len());
        start..at + length
    }

    /// The end of a part that starts at `at`: mostly a short one.
    fn end(&mut self, at: usize, length: usize) -> usize {
        let most = if self.numbers.below(4) == 0 { length } else { 16 };
        length.min(at + 1 + self.numbers.below(most))
    }

    fn put_word(&mut self, bytes: &mut Vec<u8>, start: usize, end: usize) {
        let number = self.numbers.below(self.target.words.len());
        let word = self.target.words.get(number).copied().unwrap_or_default();
        bytes.splice(start..end, word.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target = Target {
        name: "none",
        words: &[b"<word>"],
        cases: 0,
        bytes_max: 64,
        seeds: crate::no_seeds,
    };

    #[test]
    fn a_seed_gives_the_same_inputs_again_and_another_seed_others() {
        let kept = [b"one kept input".to_vec(), b"another".to_vec(), Vec::new()];
        let inputs = |seed| -> Vec<Vec<u8>> {
            let mut mutator = Mutator::new(&TARGET, &kept, kept.len(), seed);
            (0..1_000).map(|_| mutator.next_input()).collect()
        };
        let first = inputs(1);
        assert_eq!(first, inputs(1));
        assert_ne!(first, inputs(2));
        assert!(first.iter().all(|input| input.len() <= TARGET.bytes_max));
        assert!(first.iter().any(|input| input.windows(6).any(|part| part == b"<word>")));
        let different: std::collections::BTreeSet<_> = first.iter().collect();
        assert!(different.len() > 300, "{}", different.len());
    }
}
