//! The calling thread and the kernel: a thread that runs SQL keeps memory, futexes, clocks and the
//! wakes of other threads, and nothing that opens, connects, forks or executes (seccomp(2)). What SQL
//! may say is bounded by the sandbox; this is for the day on which something in SQLite is broken.

use std::collections::BTreeMap;
use std::fs::File;

use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
use seccompiler::{BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule};

/// Bytes of a wake of the event loop: what eventfd(2) takes.
const WAKE_BYTES: u64 = 8;

/// Where log lines go.
const STDERR: u64 = 2;

/// What a thread that runs SQL may ask of the kernel.
#[derive(Clone, Debug)]
pub struct Confinement {
    program: BpfProgram,
}

impl Confinement {
    /// The filter for this machine, tried on a thread of its own.
    ///
    /// # Errors
    /// The kernel or the processor has no such filter; says why.
    pub fn new() -> Result<Self, String> {
        let text = |error: seccompiler::BackendError| error.to_string();
        let arch = std::env::consts::ARCH.try_into().map_err(text)?;
        let refused = SeccompAction::Errno(libc::EPERM as u32);
        let allowed = allowed().map_err(text)?;
        let filter = SeccompFilter::new(allowed, refused, SeccompAction::Allow, arch);
        let program = filter.and_then(TryInto::try_into).map_err(text)?;
        let confinement = Confinement { program };
        let tried = std::thread::scope(|scope| scope.spawn(|| confinement.holds()).join());
        tried.map_err(|_| "the trial crashed".to_owned())??;
        Ok(confinement)
    }

    /// Confines the calling thread, and those that it starts. It cannot be taken back.
    ///
    /// # Errors
    /// The kernel's.
    pub fn confine(&self) -> Result<(), String> {
        seccompiler::apply_filter(&self.program).map_err(|error| error.to_string())
    }

    fn holds(&self) -> Result<(), String> {
        self.confine()?;
        // This error is the filter's own; other guards refuse with another one.
        match File::open("/").map_err(|error| error.raw_os_error()) {
            Err(Some(libc::EPERM)) => Ok(()),
            other => Err(format!("it was taken and refuses nothing ({other:?})")),
        }
    }
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn rule(conditions: Vec<SeccompCondition>) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(conditions)
}

/// The calls that stay, and with which arguments. Whatever is not here fails with `EPERM`, as a
/// call that was not permitted does: the thread and the process go on.
fn allowed() -> Result<Rules, seccompiler::BackendError> {
    let always = [
        // Memory; to map it anew there are rules below.
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        // Waiting and waking.
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_restart_syscall,
        // Clocks, where the kernel's page of them does not answer, and random numbers.
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        // How many cores there are.
        libc::SYS_sched_getaffinity,
        // A thread's own: its number, its signals, its end.
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    let mut rules: Rules = always.into_iter().map(|call| (call, Vec::new())).collect();
    let not_executable = || SeccompCondition::new(2, Dword, MaskedEq(libc::PROT_EXEC as u64), 0);
    let anonymous = libc::MAP_ANONYMOUS as u64;
    // Of no file, and never code.
    let map =
        vec![not_executable()?, SeccompCondition::new(3, Dword, MaskedEq(anonymous), anonymous)?];
    rules.insert(libc::SYS_mmap, vec![rule(map)?]);
    rules.insert(libc::SYS_mprotect, vec![rule(vec![not_executable()?])?]);
    // The event loop is woken by eight bytes; whatever else is open takes none but log lines.
    let log = || SeccompCondition::new(0, Dword, Eq, STDERR);
    let wake = SeccompCondition::new(2, Qword, Eq, WAKE_BYTES)?;
    rules.insert(libc::SYS_write, vec![rule(vec![log()?])?, rule(vec![wake])?]);
    rules.insert(libc::SYS_writev, vec![rule(vec![log()?])?]);
    // Sinking: itself, and no other thread or process of this user.
    let itself = |place| SeccompCondition::new(place, Dword, Eq, 0);
    let idle = SeccompCondition::new(1, Dword, Eq, libc::SCHED_IDLE as u64)?;
    rules.insert(libc::SYS_sched_setscheduler, vec![rule(vec![itself(0)?, idle])?]);
    let thread = SeccompCondition::new(0, Dword, Eq, u64::from(libc::PRIO_PROCESS))?;
    rules.insert(libc::SYS_setpriority, vec![rule(vec![thread, itself(1)?])?]);
    // An abort ends this process; no signal goes to another.
    let own = SeccompCondition::new(0, Dword, Eq, u64::from(std::process::id()))?;
    rules.insert(libc::SYS_tgkill, vec![rule(vec![own])?]);
    Ok(rules)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io;

    use libc::c_long;

    use super::*;

    /// What the kernel says to a call with six zeros, or these arguments, on a confined thread.
    fn ask(confinement: &Confinement, call: c_long, args: [c_long; 6]) -> i32 {
        let asked = || {
            confinement.confine().expect("confined");
            let [a, b, c, d, e, f] = args;
            // SAFETY: no call of this test is given memory of ours but to read from.
            let outcome = unsafe { libc::syscall(call, a, b, c, d, e, f) };
            if outcome == -1 { io::Error::last_os_error().raw_os_error().unwrap_or(0) } else { 0 }
        };
        std::thread::scope(|scope| scope.spawn(asked).join().expect("it lives"))
    }

    #[test]
    fn each_way_out_is_refused() {
        let confinement = Confinement::new().expect("this kernel has seccomp");
        let refused = [
            ("openat", libc::SYS_openat),
            ("openat2", libc::SYS_openat2),
            ("newfstatat", libc::SYS_newfstatat),
            ("statx", libc::SYS_statx),
            ("readlinkat", libc::SYS_readlinkat),
            ("getdents64", libc::SYS_getdents64),
            ("unlinkat", libc::SYS_unlinkat),
            ("renameat2", libc::SYS_renameat2),
            ("mkdirat", libc::SYS_mkdirat),
            ("linkat", libc::SYS_linkat),
            ("chdir", libc::SYS_chdir),
            ("mount", libc::SYS_mount),
            ("read", libc::SYS_read),
            ("pread64", libc::SYS_pread64),
            ("pwrite64", libc::SYS_pwrite64),
            ("readv", libc::SYS_readv),
            ("sendfile", libc::SYS_sendfile),
            ("splice", libc::SYS_splice),
            ("close", libc::SYS_close),
            ("dup", libc::SYS_dup),
            ("dup3", libc::SYS_dup3),
            ("fcntl", libc::SYS_fcntl),
            ("ioctl", libc::SYS_ioctl),
            ("socket", libc::SYS_socket),
            ("socketpair", libc::SYS_socketpair),
            ("connect", libc::SYS_connect),
            ("bind", libc::SYS_bind),
            ("listen", libc::SYS_listen),
            ("accept4", libc::SYS_accept4),
            ("sendto", libc::SYS_sendto),
            ("sendmsg", libc::SYS_sendmsg),
            ("recvfrom", libc::SYS_recvfrom),
            ("recvmsg", libc::SYS_recvmsg),
            ("setsockopt", libc::SYS_setsockopt),
            ("pipe2", libc::SYS_pipe2),
            ("eventfd2", libc::SYS_eventfd2),
            ("epoll_create1", libc::SYS_epoll_create1),
            ("memfd_create", libc::SYS_memfd_create),
            ("io_uring_setup", libc::SYS_io_uring_setup),
            ("clone", libc::SYS_clone),
            ("clone3", libc::SYS_clone3),
            ("execve", libc::SYS_execve),
            ("execveat", libc::SYS_execveat),
            ("ptrace", libc::SYS_ptrace),
            ("process_vm_readv", libc::SYS_process_vm_readv),
            ("process_vm_writev", libc::SYS_process_vm_writev),
            ("pidfd_open", libc::SYS_pidfd_open),
            ("kill", libc::SYS_kill),
            ("tkill", libc::SYS_tkill),
            ("prctl", libc::SYS_prctl),
            ("seccomp", libc::SYS_seccomp),
            ("bpf", libc::SYS_bpf),
            ("perf_event_open", libc::SYS_perf_event_open),
            ("userfaultfd", libc::SYS_userfaultfd),
            ("keyctl", libc::SYS_keyctl),
            ("unshare", libc::SYS_unshare),
            ("setns", libc::SYS_setns),
            ("setuid", libc::SYS_setuid),
            ("personality", libc::SYS_personality),
            ("reboot", libc::SYS_reboot),
            ("init_module", libc::SYS_init_module),
        ];
        for (name, call) in refused {
            assert_eq!(ask(&confinement, call, [0; 6]), libc::EPERM, "{name}");
        }
    }

    #[test]
    fn what_stays_stays_for_its_purpose_only() {
        let confinement = Confinement::new().expect("this kernel has seccomp");
        let (page, none, nowhere) = (4096, c_long::from(libc::PROT_NONE), c_long::from(-1_i32));
        let executable = c_long::from(libc::PROT_READ | libc::PROT_EXEC);
        let private = c_long::from(libc::MAP_PRIVATE);
        let anonymous = private | c_long::from(libc::MAP_ANONYMOUS);
        let map = |protection, kind| [0, page, protection, kind, nowhere, 0];
        let text = c"12345678".as_ptr() as c_long;
        let other = i64::from(std::process::id()) + 1;
        let cases = [
            ("memory", libc::SYS_mmap, map(none, anonymous), 0),
            ("code", libc::SYS_mmap, map(executable, anonymous), libc::EPERM),
            ("a file", libc::SYS_mmap, map(none, private), libc::EPERM),
            ("made code", libc::SYS_mprotect, [0, page, executable, 0, 0, 0], libc::EPERM),
            // 99 is no open file: what is let through fails by that.
            ("a wake", libc::SYS_write, [99, text, 8, 0, 0, 0], libc::EBADF),
            ("other bytes", libc::SYS_write, [99, text, 7, 0, 0, 0], libc::EPERM),
            ("a log line", libc::SYS_write, [2, text, 0, 0, 0, 0], 0),
            ("other lines", libc::SYS_writev, [99, 0, 0, 0, 0, 0], libc::EPERM),
            ("its own rank", libc::SYS_setpriority, [0, 0, 19, 0, 0, 0], 0),
            ("another's rank", libc::SYS_setpriority, [0, other, 19, 0, 0, 0], libc::EPERM),
            ("all ranks", libc::SYS_setpriority, [2, 0, 19, 0, 0, 0], libc::EPERM),
            ("another's turn", libc::SYS_sched_setscheduler, [other, 5, 0, 0, 0, 0], libc::EPERM),
            ("a higher turn", libc::SYS_sched_setscheduler, [0, 1, 0, 0, 0, 0], libc::EPERM),
            // Idle, but for the priority, which lies nowhere.
            ("its own turn", libc::SYS_sched_setscheduler, [0, 5, 0, 0, 0, 0], libc::EINVAL),
            ("another's end", libc::SYS_tgkill, [other, other, 0, 0, 0, 0], libc::EPERM),
        ];
        for (name, call, args, wanted) in cases {
            assert_eq!(ask(&confinement, call, args), wanted, "{name}");
        }
    }
}
