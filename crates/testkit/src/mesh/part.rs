//! One process of the mesh: its log, its end.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// What a process may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Please end.
    Term,
    /// End now.
    Kill,
    /// Hang.
    Stop,
    /// Go on.
    Cont,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Signal::Term => "TERM",
            Signal::Kill => "KILL",
            Signal::Stop => "STOP",
            Signal::Cont => "CONT",
        }
    }

    /// Sends it; a process that is gone does not mind.
    pub(super) fn send(self, pid: u32) {
        let _ = Command::new("kill")
            .args(["-s", self.name(), &pid.to_string()])
            .stderr(Stdio::null())
            .status();
    }
}

/// A process that ends with its owner.
#[derive(Debug)]
pub(super) struct Part {
    child: Child,
    log: PathBuf,
}

impl Part {
    /// Starts a program of the parts' folder (or a path), its output in `folder`.
    pub(super) fn start(program: &str, folder: &Path, set: impl FnOnce(&mut Command)) -> Part {
        let path = match program.contains('/') {
            true => PathBuf::from(program),
            false => bin().join(program),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let log = folder.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).expect("a log file");
        let mut command = Command::new(&path);
        command.current_dir(folder).stdin(Stdio::null());
        command.stdout(file.try_clone().expect("cloned")).stderr(file);
        set(&mut command);
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Part { child, log }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().expect("its status").map(|status| status.to_string())
    }

    /// The last lines of what it said.
    pub(super) fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let mut lines: Vec<&str> = text.lines().rev().take(8).collect();
        lines.reverse();
        lines.join("\n")
    }

    /// Ends it, and waits until it has.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The folder of the parts' programs, which `.ci/mesh-parts` printed when it brought them.
pub(super) fn bin() -> &'static Path {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(|| {
        let folder = std::env::var_os("LITEVISOR_MESH_PARTS");
        PathBuf::from(folder.expect("LITEVISOR_MESH_PARTS: run it by `make test-mesh`"))
    })
}
