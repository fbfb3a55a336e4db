//! The calling thread and the kernel: sinking, by which it gives way to all others from now on, and
//! the CPU time it has had.

use std::time::Duration;

/// Puts the calling thread into the scheduling class for work that runs only where a core would
/// idle (`SCHED_IDLE`, sched(7)), or where that is refused, makes it as nice as can be. It cannot
/// rise again without privilege: let it end after its work. Says whether it sank.
pub fn sink_thread() -> bool {
    #[cfg(target_os = "linux")]
    {
        let lowest = libc::sched_param { sched_priority: 0 };
        // SAFETY: pid 0 is the calling thread; the parameters are read during the call.
        if unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const lowest) } == 0 {
            return true;
        }
        // On Linux niceness is a thread's own.
        // SAFETY: no pointers.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 19) == 0 }
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// The CPU time that the calling thread has had; zero where the system does not tell.
pub fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is valid, and written before it is read.
    if unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) } != 0 {
        return Duration::ZERO;
    }
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn a_thread_that_works_has_had_cpu_time() {
        // Far more than another thread needs to begin.
        let much = super::thread_time() + std::time::Duration::from_millis(50);
        while super::thread_time() < much {}
        let other = std::thread::scope(|scope| scope.spawn(super::thread_time).join().unwrap());
        assert!(other < super::thread_time(), "another thread's time is its own");
    }

    #[test]
    fn only_the_thread_that_asks_sinks() {
        // SAFETY: pid 0 is the calling thread.
        let class = || unsafe { libc::sched_getscheduler(0) };
        let before = class();
        let sunk = std::thread::scope(|scope| {
            scope.spawn(|| (super::sink_thread(), class())).join().unwrap()
        });
        assert_eq!(sunk, (true, libc::SCHED_IDLE));
        assert_eq!(class(), before);
    }
}
