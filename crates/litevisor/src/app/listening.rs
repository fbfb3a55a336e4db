//! Starting listeners as tasks, and telling their ends.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::http::{Answer, Listener, ListenerBounds, Tls};
use crate::runtime::SystemRuntime;
use crate::telemetry::Metrics;

/// What all listeners have in common.
pub(super) struct Listening<'a> {
    pub(super) bounds: ListenerBounds,
    pub(super) runtime: &'a Arc<SystemRuntime>,
    pub(super) metrics: &'a Arc<Metrics>,
}

impl Listening<'_> {
    /// Starts one; what it returns is cancelled when its last connection has ended.
    pub(super) fn start(
        &self,
        socket: TcpListener,
        answer: Answer,
        tls: Option<Arc<Tls>>,
        closing: &CancellationToken,
    ) -> CancellationToken {
        let (runtime, metrics) = (Arc::clone(self.runtime), Arc::clone(self.metrics));
        if let Some(tls) = &tls {
            let watching = Arc::clone(tls).watch(runtime.lifecycle().looks(), Arc::clone(&metrics));
            runtime.spawn_task("tls_files", watching);
        }
        let (bounds, closing) = (self.bounds.clone(), closing.clone());
        let listener = Listener { socket, tls, answer, bounds, closing };
        let ended = CancellationToken::new();
        let (ending, serving) = (ended.clone(), listener.serve(Arc::clone(&runtime), metrics));
        runtime.spawn_task("listener", async move {
            serving.await;
            ending.cancel();
        });
        ended
    }
}
