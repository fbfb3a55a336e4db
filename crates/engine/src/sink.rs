//! Sinking: the calling thread gives way to all others from now on.

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

#[cfg(all(test, target_os = "linux"))]
mod tests {
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
