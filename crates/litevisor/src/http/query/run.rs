//! Runs a query and turns its beginning into a response: a problem, a whole body with its length,
//! or a stream.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, TE, TRAILER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};
use export::Format;
use hypervisor::{Held, Interrupt, Opened, QueryRequest, Spent};
use model::{Clock, Error, Summary};

use super::super::error::Problem;
use super::super::pipe::{End, PipeReader, pipe};
use super::super::service::Service;
use super::Wanted;
use super::body::{Ending, StreamBody};
use super::parts::{COMPLETE, Running, complete};
use super::sink::{ResultBounds, ResultSink, Telling};
use crate::telemetry::{Outcome, Stage, Times};

const AS_OF: HeaderName = HeaderName::from_static("litevisor-as-of");
const AS_OF_EXACT: HeaderName = HeaderName::from_static("litevisor-as-of-exact");
const GENERATION: HeaderName = HeaderName::from_static("litevisor-generation");
const INSTANCE: HeaderName = HeaderName::from_static("litevisor-instance");
const MAX_ROWS: HeaderName = HeaderName::from_static("litevisor-max-rows");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Whether the client says that it takes trailers.
pub(super) fn takes_trailers(headers: &HeaderMap) -> bool {
    let said = headers.get_all(TE).iter().filter_map(|value| value.to_str().ok());
    said.flat_map(|value| value.split(',')).any(|coding| coding.trim() == "trailers")
}

/// Runs it. An error before the head is out is a problem with its own status.
pub(super) async fn run(service: Arc<Service>, wanted: Wanted) -> Result<Response<Body>, Problem> {
    let started = service.runtime.monotonic();
    let (format, max_rows) = (wanted.format, wanted.request.max_rows);
    // Only CSV cannot say in its own body that it was cut.
    let completeness = max_rows.filter(|_| matches!(format, Format::Csv));
    let trailers = completeness.is_some() && wanted.trailers;
    let (writer, reader) =
        pipe(service.clock(), service.bounds.patience, service.hypervisor.results());
    let telling = Telling::default();
    let bounds = ResultBounds {
        bytes_max: service.bounds.result_bytes_max,
        rows_max: service.bounds.result_rows_max,
        row_bytes_max: service.bounds.row_bytes_max,
    };
    let waited = writer.waited();
    let sink = ResultSink::new(format, writer, telling.clone(), bounds, wanted.watch);
    let (request, facts, held) = (wanted.request, wanted.facts, wanted.held);
    // From here on a client that leaves is counted.
    let mut ending = Ending::new(Arc::clone(&service), telling.clone(), waited, facts);
    let (first, running) = begin(&service, request, held, sink, &reader).await;
    let exec_until = service.runtime.monotonic();
    let (opened, spent, fault) = {
        let mut told = telling.lock();
        let fault = if first.is_some() { told.fault.take() } else { None };
        (told.opened.take(), told.spent, fault)
    };
    let mut response = Response::new(Body::empty());
    let timing = Timing { total: exec_until.since(started), spent, opened: opened.as_ref() };
    write_head(response.headers_mut(), format, completeness, &timing);
    timing.observe(&service);

    ending.begun(exec_until, timing.times());
    match first {
        Some(Err(error)) => return Err(ending.failed(fault.unwrap_or(error)).into()),
        Some(Ok(_)) if fault.is_some() => {
            return Err(ending.failed(fault.unwrap_or_else(|| Error::internal("no fault"))).into());
        }
        Some(Ok(summary)) if !trailers => {
            let (bytes, end) = reader.take_all();
            if end != End::Whole {
                let lost = Error::internal(format!("the encoder ended as {end:?}"));
                return Err(ending.failed(lost).into());
            }
            if completeness.is_some() {
                response.headers_mut().insert(COMPLETE, complete(&summary));
            }
            ending.ended(Outcome::Ok, summary.rows);
            *response.body_mut() = Body::from(bytes);
        }
        done => {
            reader.start_flowing();
            if trailers {
                response
                    .headers_mut()
                    .insert(TRAILER, HeaderValue::from_static("Litevisor-Complete"));
            }
            let body =
                StreamBody::new(running, done.and_then(Result::ok), reader, trailers, ending);
            *response.body_mut() = Body::new(body);
        }
    }
    Ok(response)
}

/// Runs it to its end or until its head should go out: how it ended, if it has, and what goes on.
async fn begin(
    service: &Arc<Service>,
    request: QueryRequest,
    held: Option<Held>,
    mut sink: ResultSink,
    reader: &PipeReader,
) -> (Option<Result<Summary, Error>>, Option<Running>) {
    if let Some(outcome) = service.hypervisor.query_at_once(&request, &mut sink) {
        return (Some(outcome), None);
    }
    let mut running = start(service, request, held, sink);
    let first = poll_fn(|cx| {
        if let Poll::Ready(result) = running.as_mut().poll(cx) {
            return Poll::Ready(Some(result));
        }
        reader.poll_worth_sending(cx).map(|()| None)
    })
    .await;
    let running = first.is_none().then_some(running);
    (first, running)
}

fn start(
    service: &Arc<Service>,
    request: QueryRequest,
    held: Option<Held>,
    sink: ResultSink,
) -> Running {
    let hypervisor = service.hypervisor.clone();
    Box::pin(async move {
        let _held = held;
        hypervisor.query(request, Box::new(sink), Interrupt::new()).await
    })
}

/// Where the time to the first byte went.
struct Timing<'a> {
    total: Duration,
    /// Of that, before it ran.
    spent: Spent,
    opened: Option<&'a Opened>,
}

impl Timing<'_> {
    fn exec(&self) -> Duration {
        self.total.saturating_sub(self.spent.boot + self.spent.queue)
    }

    fn times(&self) -> Times {
        let Spent { boot, queue } = self.spent;
        Times { boot, queue, exec: self.exec(), ..Times::default() }
    }

    fn observe(&self, service: &Service) {
        let Some(opened) = self.opened else { return };
        if opened.cold {
            service.metrics.stage(Stage::Boot, opened.boot);
        }
        service.metrics.stage(Stage::Queue, opened.queue);
        service.metrics.stage(Stage::Exec, self.exec());
    }

    fn header(&self) -> Option<HeaderValue> {
        let opened = self.opened?;
        let mut text = String::with_capacity(64);
        for (name, time) in
            [("boot", opened.boot), (", queue", opened.queue), (", exec", self.exec())]
        {
            // Milliseconds. Whole numbers, since printing a float takes longer than a query.
            let (whole, part) = (time.as_millis(), time.subsec_micros() % 1000);
            let written = write!(text, "{name};dur={whole}.{part:03}");
            debug_assert!(written.is_ok(), "a string takes everything");
        }
        HeaderValue::try_from(text).ok()
    }
}

fn write_head(headers: &mut HeaderMap, format: Format, max_rows: Option<u64>, timing: &Timing<'_>) {
    headers.reserve(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(rows) = max_rows {
        headers.insert(MAX_ROWS, HeaderValue::from(rows));
    }
    let Some(opened) = timing.opened else { return };
    let mut text = [0; model::timestamp::TEXT_BYTES];
    if let Some(value) =
        opened.as_of.write_text(&mut text).and_then(|text| HeaderValue::from_str(text).ok())
    {
        headers.insert(AS_OF, value);
    }
    if !opened.as_of_exact {
        headers.insert(AS_OF_EXACT, HeaderValue::from_static("false"));
    }
    headers.insert(GENERATION, HeaderValue::from(opened.generation));
    let warmth = if opened.cold { "cold" } else { "warm" };
    headers.insert(INSTANCE, HeaderValue::from_static(warmth));
    if let Some(value) = timing.header() {
        headers.insert(SERVER_TIMING, value);
    }
}
