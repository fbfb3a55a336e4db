//! The demo's numbers and identifiers: the same at every run.

use model::Timestamp;

/// SplitMix64 by Sebastiano Vigna, public domain: <https://prng.di.unimi.it/splitmix64.c>.
/// Not for secrets: what comes next can be computed from what came before.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `bound`, that excluded; 0 where `bound` is 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        // Lemire's multiplication; the bias of 2^-32 does not matter here.
        let scaled = (self.next() >> 32) * u64::from(bound);
        u32::try_from(scaled >> 32).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// True once in so many times.
    pub(super) fn one_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }

    /// One of several.
    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let number = u32::try_from(all.len()).unwrap_or(u32::MAX);
        &all[self.below(number) as usize]
    }

    /// One of several words.
    pub(super) fn word(&mut self, all: &[&'static str]) -> &'static str {
        let chosen: &&'static str = self.pick(all);
        chosen
    }

    /// So many hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        (0..digits).map(|_| char::from(*self.pick(DIGITS))).collect()
    }
}

/// Hands out ObjectIds as a driver does: seconds, a process's five bytes, a counter.
pub(super) struct ObjectIds {
    process: [u8; 5],
    counter: u32,
}

impl ObjectIds {
    pub(super) fn new(random: &mut Random) -> Self {
        let [_, _, _, process @ ..] = random.next().to_be_bytes();
        ObjectIds { process, counter: random.below(1 << 20) }
    }

    /// The next one, made at that time.
    pub(super) fn at(&mut self, at: Timestamp) -> [u8; 12] {
        let seconds = u32::try_from(at.0 / 1000).unwrap_or(0).to_be_bytes();
        self.counter += 1;
        let counter = self.counter.to_be_bytes();
        let mut id = [0; 12];
        id[..4].copy_from_slice(&seconds);
        id[4..9].copy_from_slice(&self.process);
        id[9..].copy_from_slice(&counter[1..]);
        id
    }
}
