//! `GET /v1/instance/image?tenant=`: the whole database as a `.sqlite` file.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, Response};
use bytes::Bytes;
use hyper::body::Frame;
use model::limits::{IMAGE_DOWNLOADS_MAX, STREAM_CHUNK_BYTES};
use model::{Error, ErrorCode, Flow, Hit};

use super::super::error::{Problem, ProblemBody};
use super::super::pipe::{End, PipeReader, pipe};
use super::super::service::Service;
use crate::auth::Action;

/// A tenant's whole database as an SQLite file; boots what is not loaded.
#[utoipa::path(
    get, path = "/v1/instance/image", operation_id = "getImage", tag = "instance",
    params(("tenant" = String, Query, description = "The tenant, in canonical percent-encoding")),
    responses(
        (status = 200, description = "The file", content_type = "application/vnd.sqlite3"),
        (status = "4XX", description = "The request's fault", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "This replica's fault", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (parts, _) = request.into_parts();
    if parts.method == Method::HEAD {
        return Err(Problem::method_not_allowed("GET"));
    }
    let tenant = service.tenant_alone(&parts, Action::DownloadImage)?;
    let permit = Arc::clone(&service.image_downloads).try_acquire_owned().map_err(|_| {
        let message = "too many images are on their way out; try again soon";
        let all = IMAGE_DOWNLOADS_MAX as u64;
        let hit =
            Hit { budget: "image_downloads", used: all, limit: all, by: vec![("images", all)] };
        Error::new(ErrorCode::Overloaded, message).with_hit(hit)
    })?;
    let (lease, image) = service.hypervisor.image(&tenant).await?;
    let bytes = image.bytes();
    let (mut writer, reader) =
        pipe(service.clock(), service.bounds.patience, service.hypervisor.results());
    reader.start_flowing();
    let mut watch = service.watch(&tenant, &parts);
    let write = move || {
        let mut buffer = Vec::with_capacity(STREAM_CHUNK_BYTES);
        writer.holds(buffer.capacity());
        let mut stopped = false;
        image.write_to(&mut |piece| {
            buffer.extend_from_slice(piece);
            if buffer.len() < STREAM_CHUNK_BYTES {
                return Flow::Continue;
            }
            if watch.as_mut().is_some_and(|watch| watch.piece(&buffer).is_err()) {
                stopped = true;
                return Flow::Stop;
            }
            let flow =
                writer.push(std::mem::replace(&mut buffer, Vec::with_capacity(STREAM_CHUNK_BYTES)));
            writer.holds(buffer.capacity());
            stopped = flow == Flow::Stop;
            flow
        });
        stopped = stopped || watch.is_some_and(|mut watch| watch.piece(&buffer).is_err());
        if !stopped && (buffer.is_empty() || writer.push(buffer) == Flow::Continue) {
            writer.end();
        }
        drop((lease, permit));
    };
    let runtime = service.runtime.as_ref();
    hypervisor::Runtime::thread(runtime, "image-download".to_owned(), Box::new(write))?;
    let mut response = Response::new(Body::new(ImageBody { reader }));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/vnd.sqlite3"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("attachment; filename=\"{}.sqlite\"", tenant.to_url());
    if let Ok(value) = HeaderValue::try_from(name) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

struct ImageBody {
    reader: PipeReader,
}

impl hyper::body::Body for ImageBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.reader.poll_chunk(cx).map(|chunk| match chunk {
            Ok(bytes) => Some(Ok(Frame::data(bytes))),
            Err(End::Whole) => None,
            Err(_) => Some(Err(std::io::ErrorKind::TimedOut.into())),
        })
    }
}
