//! The bare axum server that the HTTP rows are compared with: it gives back the body it got.

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;

use crate::Result;

/// Serves until killed.
pub(crate) fn serve(port: u16) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        let routes = Router::new().route("/v1/query", post(|body: Bytes| async move { body }));
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            // As any server that answers small requests does.
            let _ = stream.set_nodelay(true);
        });
        Ok(axum::serve(listener, routes).await?)
    })
}
