//! `[process]`: what the process may ask of the system.

use std::path::PathBuf;

use super::reader::Reader;
use super::value::words;

/// `[process]`.
#[derive(Clone, Debug)]
pub struct ProcessConfig {
    /// Whether the process is confined by Landlock.
    pub landlock: Wanted,
    /// What it may read besides.
    pub landlock_paths: Vec<PathBuf>,
}

/// Whether something that not every kernel has is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Where the kernel has it.
    Auto,
    /// Else the program does not start.
    On,
    /// Never.
    Off,
}

words!(Wanted, "auto" => Wanted::Auto, "on" => Wanted::On, "off" => Wanted::Off);

impl ProcessConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        const S: &str = "process";
        let landlock = reader.take(S, "landlock", Wanted::Auto);
        let paths: Vec<String> = reader.take(S, "landlock_paths", Vec::new());
        ProcessConfig { landlock, landlock_paths: paths.into_iter().map(PathBuf::from).collect() }
    }
}
