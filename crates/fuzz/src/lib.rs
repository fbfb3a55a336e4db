//! Fuzzing of what strangers send. A target is a test (`tests/it/`) that takes any bytes and holds
//! the code against an oracle; its kept inputs lie in `corpus/<target>/`.
//!
//! In `make test` a target tries every kept input and then a fixed number of changed ones, the same
//! in every run. In `make fuzz` libFuzzer steers by the coverage of our code.

mod fixed;
mod mutate;

use std::panic::RefUnwindSafe;
use std::path::{Path, PathBuf};

use bolero::TestTarget;

/// What is tried, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Names the corpus, and what `make fuzz` is told to fuzz.
    pub name: &'static str,
    /// Words of the input's language: put in and exchanged whole.
    pub words: &'static [&'static [u8]],
    /// Changed inputs that `make test` tries.
    pub cases: u32,
    /// Bytes of a changed input.
    pub bytes_max: usize,
    /// Inputs besides those kept: what is kept elsewhere for another purpose.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// A target's only inputs are those kept.
pub fn no_seeds() -> Vec<Vec<u8>> {
    Vec::new()
}

impl Target {
    /// Tries `test` with many inputs; it says by a panic what is wrong.
    ///
    /// # Panics
    /// On the first input that `test` panics on, which it names.
    pub fn run(&self, test: impl Fn(&[u8]) + RefUnwindSafe) {
        if std::env::var_os("BOLERO_LIBFUZZER_ARGS").is_some() {
            self.write_words().expect("target/fuzz can be written");
            self.write_seeds().expect("target/fuzz can be written");
            bolero::check!(name = self.name).for_each(test);
        } else {
            TestTarget::new(fixed::Fixed::new(*self)).for_each(test);
        }
    }

    /// The folder of the inputs that are kept.
    pub fn corpus(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(self.name)
    }

    /// The folder of inputs that something was wrong with, and that nobody has looked at yet.
    fn finds(&self) -> PathBuf {
        made("found").join(self.name)
    }

    /// Writes the words as libFuzzer's dictionary.
    fn write_words(&self) -> std::io::Result<()> {
        let hex =
            |word: &[u8]| word.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
        let lines = self.words.iter().map(|word| format!("\"{}\"\n", hex(word)));
        std::fs::create_dir_all(made("words"))?;
        std::fs::write(made("words").join(self.name), lines.collect::<String>())
    }

    /// Writes the seeds where libFuzzer reads them.
    fn write_seeds(&self) -> std::io::Result<()> {
        let folder = made("seeds").join(self.name);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in (self.seeds)().iter().enumerate() {
            std::fs::write(folder.join(number.to_string()), seed)?;
        }
        Ok(())
    }
}

/// A folder of what fuzzing makes, none of which is kept.
fn made(what: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fuzz").join(what)
}
