//! The process and the kernel's Landlock (landlock(7)): which files it may open, which ports it may
//! bind, whom it may signal. It holds for the thread that asks and for those it starts, and cannot be
//! taken back: so it is asked before the program has a second thread.

use std::fmt;
use std::path::{Path, PathBuf};

use ::landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, NetPort, RestrictionStatus,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags,
    path_beneath_rules,
};

use crate::config::Wanted;

/// The newest kernel interface whose rights were tried. An older kernel refuses what it knows.
const TRIED: ABI = ABI::V7;

/// What the program and its libraries read of the system: names and addresses (with the libraries
/// that find them), zones, authorities, how much memory and how many cores there are.
const SYSTEM: [&str; 14] = [
    "/etc",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
    "/proc",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
];

/// What stays open to the process.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
    ports: Vec<u16>,
}

impl Grants {
    /// What the program needs of the system, whatever is configured.
    pub fn system() -> Self {
        let mut grants = Grants { read: SYSTEM.map(PathBuf::from).to_vec(), ..Grants::default() };
        // It is often a link to where another service writes it anew.
        grants.file(Path::new("/etc/resolv.conf"));
        // A crash's log line names functions of the program itself.
        grants.read.extend(std::env::current_exe().ok());
        grants
    }

    /// A file that is read again when it changes: the folders in which it is named and in which it
    /// lies, since it changes by a rename, or by a link as in Kubernetes' volumes. What lies in the
    /// root folder is granted alone: with that folder everything would be.
    pub fn file(&mut self, path: &Path) {
        let folder = match path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => return,
        };
        let whole = |path: &Path| path.canonicalize().ok();
        let lies = whole(path).and_then(|file| Some(file.parent()?.to_owned()));
        let folders: Vec<PathBuf> = [whole(folder), lies].into_iter().flatten().collect();
        for folder in folders {
            let root = folder.parent().is_none();
            self.read.push(if root { path.to_owned() } else { folder });
        }
    }

    /// A folder with all that is in it, or a file.
    pub fn read(&mut self, path: &Path) {
        self.read.push(path.to_owned());
    }

    /// A folder in which files may be made, changed and removed.
    pub fn write(&mut self, folder: &Path) {
        self.write.push(folder.to_owned());
    }

    /// A TCP port to listen on; 0 is any that is free.
    pub fn port(&mut self, port: u16) {
        self.ports.push(port);
    }

    fn enforce(&self) -> Result<RestrictionStatus, RulesetError> {
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let write: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
            ReadFile | ReadDir | WriteFile | Truncate | MakeReg | MakeDir | RemoveFile | RemoveDir
                | Refer
        });
        let ports = self.ports.iter().map(|port| Ok(NetPort::new(*port, AccessNet::BindTcp)));
        Ruleset::default()
            // Executing among them, which nothing is granted.
            .handle_access(AccessFs::from_all(TRIED))?
            .handle_access(AccessNet::BindTcp)?
            .scope(Scope::from_all(TRIED))?
            .create()?
            // What is not there is nothing that could be granted.
            .add_rules(path_beneath_rules(&self.read, read))?
            .add_rules(path_beneath_rules(&self.write, write))?
            .add_rules(path_beneath_rules(["/dev/null"], AccessFs::WriteFile))?
            .add_rules::<_, _, _, RulesetError>(ports)?
            .restrict_self()
    }
}

/// Whether the process is confined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landlock {
    /// It is; which kinds of things this kernel refuses.
    On(ABI),
    /// Not, as was wanted.
    Off,
    /// Not, since it cannot be.
    Unavailable(String),
}

impl Landlock {
    /// Confines the process to `grants`, which must not have a second thread: that one would not be.
    ///
    /// # Errors
    /// It must be and cannot be; names the setting.
    pub fn confine_process(wanted: Wanted, grants: &Grants) -> Result<Self, String> {
        let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
        if wanted != Wanted::Off && threads != 1 {
            return Landlock::missing(wanted, format!("there are {threads} threads already"));
        }
        Landlock::confine_thread(wanted, grants)
    }

    /// Confines the calling thread, and those that it will start, to `grants`.
    fn confine_thread(wanted: Wanted, grants: &Grants) -> Result<Self, String> {
        if wanted == Wanted::Off {
            return Ok(Landlock::Off);
        }
        let why = match grants.enforce() {
            Ok(RestrictionStatus {
                landlock: LandlockStatus::Available { effective_abi, .. },
                ruleset: RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced,
                ..
            }) => return Ok(Landlock::On(effective_abi)),
            Ok(RestrictionStatus { landlock: LandlockStatus::NotEnabled, .. }) => {
                "the kernel was started without it".to_owned()
            }
            Ok(_) => "the kernel has no Landlock".to_owned(),
            Err(error) => error.to_string(),
        };
        Landlock::missing(wanted, why)
    }

    fn missing(wanted: Wanted, why: String) -> Result<Self, String> {
        if wanted == Wanted::On {
            return Err(format!(
                "process.landlock is \"on\", and this system cannot: {why}; with \"auto\" the \
                 program runs without it and says so"
            ));
        }
        Ok(Landlock::Unavailable(why))
    }
}

impl fmt::Display for Landlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Landlock::On(abi) => {
                let kinds = match abi {
                    abi if *abi >= ABI::V6 => "files, ports, signals",
                    abi if *abi >= ABI::V4 => "files, ports",
                    _ => "files",
                };
                write!(f, "on: {kinds} (ABI {abi})")
            }
            Landlock::Off => f.write_str("off"),
            Landlock::Unavailable(why) => write!(f, "unavailable: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
