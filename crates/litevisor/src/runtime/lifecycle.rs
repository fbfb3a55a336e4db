//! Soft and hard ends. The first Ctrl-C or SIGTERM (or a crashed task) drains, the second stops at
//! once. Both are level-triggered tokens: who asks late still sees them. SIGHUP ends nothing: whoever
//! watches files looks at them now.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The process's two tokens. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    crashed: Arc<AtomicBool>,
    /// How often somebody asked that files be looked at.
    asked: Arc<watch::Sender<u64>>,
}

/// When to look at a file that may have changed.
pub struct Looks {
    asked: watch::Receiver<u64>,
    lifecycle: Lifecycle,
}

impl Looks {
    /// Waits for the next look: after `pause`, or at once if somebody asks for it, and whether
    /// somebody did; `None` once the process drains.
    pub async fn next(&mut self, pause: Duration) -> Option<bool> {
        tokio::select! {
            () = tokio::time::sleep(pause) => Some(false),
            asked = self.asked.changed() => asked.is_ok().then_some(true),
            () = self.lifecycle.draining() => None,
        }
    }
}

impl Lifecycle {
    /// A process that runs.
    pub fn new() -> Self {
        Lifecycle::default()
    }

    /// Please finish what you do and leave.
    pub fn drain(&self) {
        self.soft.cancel();
    }

    /// Leave now.
    pub fn stop(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// A task died: drain, and end with a failure.
    pub fn crash(&self) {
        self.crashed.store(true, Ordering::Relaxed);
        self.soft.cancel();
    }

    /// Whether some task died.
    pub fn crashed(&self) -> bool {
        self.crashed.load(Ordering::Relaxed)
    }

    /// Whether the process drains or stops.
    pub fn is_draining(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Whether the process stops at once.
    pub fn is_stopping(&self) -> bool {
        self.hard.is_cancelled()
    }

    /// Resolves once the process drains.
    pub async fn draining(&self) {
        self.soft.cancelled().await;
    }

    /// Resolves once the process stops at once.
    pub async fn stopping(&self) {
        self.hard.cancelled().await;
    }

    /// Has everybody who watches files look at them now.
    pub fn look_now(&self) {
        self.asked.send_modify(|times| *times += 1);
    }

    /// The looks at a file from now on.
    pub fn looks(&self) -> Looks {
        Looks { asked: self.asked.subscribe(), lifecycle: self.clone() }
    }

    /// Turns SIGHUP, which would end the process, into a look at all files.
    ///
    /// # Errors
    /// The system refuses to install a signal handler.
    pub fn watch_hangups(&self) -> std::io::Result<impl Future<Output = ()> + Send + use<>> {
        let mut hangup = signal(SignalKind::hangup())?;
        let lifecycle = self.clone();
        Ok(async move {
            loop {
                tokio::select! {
                    _ = hangup.recv() => {}
                    () = lifecycle.draining() => return,
                }
                tracing::info!("SIGHUP: files of credentials and certificates are read again");
                lifecycle.look_now();
            }
        })
    }

    /// Turns signals into drain, then stop; never returns before the second one.
    ///
    /// # Errors
    /// The system refuses to install a signal handler.
    pub fn watch_signals(&self) -> std::io::Result<impl Future<Output = ()> + Send + use<>> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let lifecycle = self.clone();
        Ok(async move {
            either(&mut interrupt, &mut terminate).await;
            tracing::info!("draining; a second signal stops at once");
            lifecycle.drain();
            either(&mut interrupt, &mut terminate).await;
            tracing::warn!("stopping at once");
            lifecycle.stop();
        })
    }
}

async fn either(a: &mut Signal, b: &mut Signal) {
    tokio::select! {
        _ = a.recv() => {}
        _ = b.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_look_comes_in_time_when_asked_and_never_while_draining() {
        const NEVER: Duration = Duration::from_secs(1 << 30);
        let lifecycle = Lifecycle::new();
        let (mut looks, mut others) = (lifecycle.looks(), lifecycle.looks());
        assert_eq!(looks.next(Duration::ZERO).await, Some(false));
        lifecycle.look_now();
        assert_eq!(looks.next(NEVER).await, Some(true));
        lifecycle.look_now();
        lifecycle.look_now();
        assert_eq!(looks.next(NEVER).await, Some(true), "once for both");
        assert_eq!(others.next(NEVER).await, Some(true), "each for itself");
        lifecycle.drain();
        assert_eq!(looks.next(NEVER).await, None);
    }

    #[tokio::test]
    async fn stop_implies_drain() {
        let lifecycle = Lifecycle::new();
        assert!(!lifecycle.is_draining());
        lifecycle.drain();
        lifecycle.draining().await;
        assert!(!lifecycle.is_stopping());
        lifecycle.stop();
        lifecycle.stopping().await;
        assert!(lifecycle.is_draining());
    }
}
