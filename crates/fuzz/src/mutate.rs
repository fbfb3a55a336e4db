//! Changed inputs, the same for the same seed: of one that is kept, a few places are changed, cut,
//! doubled, exchanged for a word of the language, or taken from another one.

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
    numbers: Numbers,
}

impl<'a> Mutator<'a> {
    pub(crate) fn new(target: &'a Target, kept: &'a [Vec<u8>], seed: u64) -> Self {
        Mutator { target, kept, numbers: Numbers(seed) }
    }

    /// The next input.
    pub(crate) fn next_input(&mut self) -> Vec<u8> {
        let mut bytes = self.one_kept().to_vec();
        for _ in 0..=self.numbers.below(CHANGES_MAX) {
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

    const TARGET: Target = Target { name: "none", words: &[b"<word>"], cases: 0, bytes_max: 64 };

    #[test]
    fn a_seed_gives_the_same_inputs_again_and_another_seed_others() {
        let kept = [b"one kept input".to_vec(), b"another".to_vec(), Vec::new()];
        let inputs = |seed| -> Vec<Vec<u8>> {
            let mut mutator = Mutator::new(&TARGET, &kept, seed);
            (0..1_000).map(|_| mutator.next_input()).collect()
        };
        let first = inputs(1);
        assert_eq!(first, inputs(1));
        assert_ne!(first, inputs(2));
        assert!(first.iter().all(|input| input.len() <= TARGET.bytes_max));
        assert!(first.iter().any(|input| input.windows(6).any(|part| part == b"<word>")));
        let different: std::collections::BTreeSet<_> = first.iter().collect();
        assert!(different.len() > 500, "{}", different.len());
    }
}
