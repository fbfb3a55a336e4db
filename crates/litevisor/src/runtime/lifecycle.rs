//! Soft and hard ends. The first Ctrl-C or SIGTERM (or a crashed task) drains, the second stops at
//! once. Both are level-triggered tokens: who asks late still sees them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The process's two tokens. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    crashed: Arc<AtomicBool>,
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
    use super::Lifecycle;

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
