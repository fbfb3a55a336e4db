//! What a confined thread may still do, tried on threads of their own.

use std::fs;
use std::io::ErrorKind::PermissionDenied;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::mpsc::sync_channel;

use tempfile::TempDir;

use super::*;

/// On a thread that was confined to `grants`.
fn confined<T: Send>(grants: &Grants, act: impl FnOnce() -> T + Send) -> T {
    let body = || {
        let landlock =
            Landlock::confine_thread(Wanted::On, grants).expect("this kernel has Landlock");
        assert!(landlock.to_string().starts_with("on: files"), "{landlock}");
        act()
    };
    std::thread::scope(|scope| scope.spawn(body).join().expect("it lives"))
}

fn refused<T>(what: &str, outcome: std::io::Result<T>) {
    assert_eq!(outcome.err().map(|error| error.kind()), Some(PermissionDenied), "{what}");
}

#[test]
fn files_outside_what_is_granted_are_refused() {
    let (near, far) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    for folder in [&near, &far] {
        fs::write(folder.path().join("file"), "text").expect("written");
    }
    let (inside, outside) = (near.path().join("file"), far.path().join("file"));
    let (link, made) = (near.path().join("link"), near.path().join("made"));
    symlink(&outside, &link).expect("a link");
    let mut grants = Grants::system();
    grants.file(&inside);
    confined(&grants, || {
        assert_eq!(fs::read_to_string(&inside).expect("read"), "text");
        assert_eq!(fs::read_dir(near.path()).expect("listed").count(), 2);
        refused("another folder's file", fs::read(&outside));
        refused("by a link", fs::read(&link));
        refused("another folder", fs::read_dir(far.path()));
        refused("the root folder", fs::read_dir("/"));
        refused("changing", fs::write(&inside, "other"));
        refused("making", fs::write(&made, "new"));
        refused("making a folder", fs::create_dir(&made));
        refused("removing", fs::remove_file(&inside));
        refused("renaming", fs::rename(&inside, &made));
        refused("executing", Command::new("/bin/true").status());
        fs::write("/dev/null", "gone").expect("nothing keeps it");
        fs::read("/proc/meminfo").expect("how much memory there is");
        // And whatever it starts.
        std::thread::scope(|scope| {
            let other = scope.spawn(|| fs::read(&outside)).join().expect("it lives");
            refused("by a thread of its own", other);
        });
    });
    // Nobody else is confined by that.
    assert_eq!(fs::read(&outside).expect("read"), b"text");
}

#[test]
fn a_file_may_be_replaced_by_a_rename_and_by_kubernetes_links() {
    let (volume, link, store) = (
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
    );
    // A volume of Kubernetes: key -> ..data/key, ..data -> ..1.
    let version = |number: u32| {
        let folder = volume.path().join(format!("..{number}"));
        fs::create_dir(&folder).expect("made");
        fs::write(folder.join("key"), number.to_string()).expect("written");
        symlink(format!("..{number}"), volume.path().join("..new")).expect("a link");
        fs::rename(volume.path().join("..new"), volume.path().join("..data")).expect("renamed");
    };
    version(1);
    let mounted = volume.path().join("key");
    symlink("..data/key", &mounted).expect("a link");
    // A link to a store of versions, as certbot has it.
    let linked = link.path().join("key");
    fs::write(store.path().join("1"), "1").expect("written");
    symlink(store.path().join("1"), &linked).expect("a link");
    let mut grants = Grants::default();
    grants.file(&mounted);
    grants.file(&linked);
    let read = |path: &Path| fs::read_to_string(path).expect("read");
    let ((confined_yet, is_confined), (go, gone)) = (sync_channel(1), sync_channel::<()>(1));
    std::thread::scope(|scope| {
        let (mounted, linked, grants) = (&mounted, &linked, &grants);
        let seen = scope.spawn(move || {
            confined(grants, move || {
                let before = (read(mounted), read(linked));
                confined_yet.send(()).expect("told");
                gone.recv().expect("replaced");
                (before, (read(mounted), read(linked)))
            })
        });
        is_confined.recv().expect("it was read");
        version(2);
        fs::write(store.path().join("2"), "2").expect("written");
        symlink(store.path().join("2"), link.path().join("new")).expect("a link");
        fs::rename(link.path().join("new"), linked).expect("renamed");
        go.send(()).expect("told");
        let both = |text: &str| (text.to_owned(), text.to_owned());
        assert_eq!(seen.join().expect("it lives"), (both("1"), both("2")));
    });
}

#[test]
fn the_root_folder_is_never_granted() {
    let mut grants = Grants::default();
    grants.file(Path::new("/litevisor.toml"));
    assert_eq!(grants.read, [Path::new("/litevisor.toml")]);
    grants.file(Path::new("relative.toml"));
    assert_eq!(grants.read[1], std::env::current_dir().expect("a folder"));
}

#[test]
fn a_folder_to_write_in_is_one_to_write_in() {
    let folder = TempDir::new().expect("a folder");
    let mut grants = Grants::default();
    grants.write(folder.path());
    let below = folder.path().join("below");
    confined(&grants, || {
        fs::create_dir(&below).expect("made");
        fs::write(below.join("a"), "text").expect("written");
        fs::rename(below.join("a"), folder.path().join("b")).expect("renamed");
        assert_eq!(fs::read(folder.path().join("b")).expect("read"), b"text");
        fs::remove_file(folder.path().join("b")).expect("removed");
        fs::copy("/dev/null", below.join("c")).expect_err("it may not be read here");
        refused("links", symlink("/", below.join("link")));
    });
}

#[test]
fn ports_and_other_processes_are_refused() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let granted = free.local_addr().expect("its address");
    drop(free);
    let mut stranger = Command::new("sleep").arg("600").spawn().expect("started");
    let mut grants = Grants::default();
    grants.port(granted.port());
    confined(&grants, || {
        let listening = TcpListener::bind(granted).expect("it is granted");
        refused("another port", TcpListener::bind("127.0.0.1:0"));
        // Whom it connects to is not confined.
        std::net::TcpStream::connect(granted).expect("connected");
        drop(listening);
        let killed = stranger.kill().map_err(|error| error.kind());
        assert_eq!(killed, Err(PermissionDenied), "another process");
    });
    stranger.kill().expect("killed");
    stranger.wait().expect("ended");
}

#[test]
fn what_has_threads_already_does_not_pass_for_confined() {
    std::thread::scope(|scope| {
        // This one, and whichever runs the tests.
        let tried = scope.spawn(|| {
            let grants = Grants::default();
            let why = Landlock::confine_process(Wanted::On, &grants).expect_err("it cannot be");
            assert!(why.contains("threads already"), "{why}");
            fs::read_dir("/").is_ok()
        });
        assert!(tried.join().expect("it lives"), "nor is this thread");
    });
}

#[test]
fn off_is_off() {
    std::thread::scope(|scope| {
        let open = scope.spawn(|| {
            let landlock = Landlock::confine_process(Wanted::Off, &Grants::default());
            assert_eq!(landlock, Ok(Landlock::Off));
            fs::read_dir("/").is_ok()
        });
        assert!(open.join().expect("it lives"));
    });
    let why = || "the kernel has no Landlock".to_owned();
    let refusal = Landlock::missing(Wanted::On, why()).expect_err("it must be");
    assert!(refusal.contains("process.landlock") && refusal.contains(&why()), "{refusal}");
    let without = Landlock::missing(Wanted::Auto, why()).expect("it may be without");
    assert_eq!(without.to_string(), format!("unavailable: {}", why()));
    let older = [(ABI::V3, "on: files (ABI 3)"), (ABI::V4, "on: files, ports (ABI 4)")];
    for (abi, text) in older {
        assert_eq!(Landlock::On(abi).to_string(), text);
    }
}
