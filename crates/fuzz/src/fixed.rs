//! The engine of `make test`: the kept inputs, then changed ones, the same in every run: a gate
//! must not fail by chance on a change that has nothing to do with it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use bolero::generator::bolero_generator::driver::Options;
use bolero::{Engine, Test};

use crate::Target;
use crate::mutate::Mutator;

/// The seed of `make test`; `FUZZ_SEED` gives another.
const SEED: u64 = 20_261_123;

/// Tries one target.
pub(crate) struct Fixed {
    target: Target,
    seed: u64,
    cases: u64,
}

impl Fixed {
    pub(crate) fn new(target: Target) -> Fixed {
        let times = number_from("FUZZ_TIMES").unwrap_or(1);
        Fixed {
            target,
            seed: number_from("FUZZ_SEED").unwrap_or(SEED),
            cases: u64::from(target.cases).saturating_mul(times),
        }
    }
}

fn number_from(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

/// The kept inputs in the order of their names.
fn kept(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let read = |path: PathBuf| std::fs::read(&path).map(|bytes| (path, bytes)).ok();
    paths.into_iter().filter_map(read).collect()
}

impl<T: Test> Engine<T> for Fixed
where
    T::Value: std::fmt::Debug,
{
    type Output = ();

    fn run(self, mut test: T, options: Options) {
        let kept = kept(&self.target.corpus());
        assert!(!kept.is_empty(), "no input is kept in {}", self.target.corpus().display());
        for (path, bytes) in &kept {
            try_one(&mut test, bytes, &options, || path.display().to_string());
        }
        let seeds = (self.target.seeds)();
        for bytes in &seeds {
            try_one(&mut test, bytes, &options, || found(&self.target, bytes));
        }
        let own = kept.len();
        let kept = kept.into_iter().map(|(_, bytes)| bytes);
        let inputs: Vec<Vec<u8>> = kept.chain(seeds).collect();
        let mut mutator = Mutator::new(&self.target, &inputs, own, self.seed);
        for _ in 0..self.cases {
            let bytes = mutator.next_input();
            try_one(&mut test, &bytes, &options, || found(&self.target, &bytes));
        }
    }
}

fn try_one<T: Test>(test: &mut T, bytes: &[u8], options: &Options, place: impl Fn() -> String)
where
    T::Value: std::fmt::Debug,
{
    let mut input = bytes;
    let Err(error) = test.test(&mut input) else { return };
    let place = place();
    match test.shrink(bytes.to_vec(), None, options) {
        Some(shrunk) => panic!("fuzzing failed with {place}:\n{error}\nmade smaller:\n{shrunk}"),
        None => panic!("fuzzing failed with {place}:\n{error}"),
    }
}

/// Writes an input that was found beside what `make fuzz` finds, so that it can be kept, and tells
/// where it is.
fn found(target: &Target, bytes: &[u8]) -> String {
    let folder = target.finds();
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let path = folder.join(format!("found-{:016x}", hasher.finish()));
    let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, bytes));
    match written {
        Ok(()) => path.display().to_string(),
        Err(error) => format!("an input that cannot be written to {}: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const TARGET: Target = Target {
        name: "itself",
        words: &[b"needle"],
        cases: 300,
        bytes_max: 64,
        seeds: crate::no_seeds,
    };

    /// The kept inputs and all changed ones are tried; a failure names the input's file.
    #[test]
    fn a_needle_is_found_and_written_down() {
        let tried = AtomicU32::new(0);
        TARGET.run(|_| {
            tried.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(tried.into_inner(), 301, "one is kept");

        let failed = catch_unwind(|| {
            TARGET.run(|input| assert!(!input.windows(6).any(|part| part == b"needle"), "ouch"));
        });
        let message = *failed.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("ouch"), "{message}");
        let path = message.split_whitespace().find(|word| word.contains("found-")).unwrap();
        let input = std::fs::read(path.trim_end_matches([';', ':'])).unwrap();
        assert!(input.windows(6).any(|part| part == b"needle"));
    }
}
