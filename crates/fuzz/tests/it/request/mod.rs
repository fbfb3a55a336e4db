//! Target `request`: what a client sends, to the whole program over a socket. Its first word says
//! what the input is: `JSON` and a value, as a parameter of a body; `URL` and a text, as a
//! parameter of a URL; else a request as HTTP/1.1 writes it, without the version. Every answer is a
//! whole result or a problem with a code of the closed list, never a fault of ours; a value comes
//! back as it was sent.

mod served;
mod values;

use std::sync::{LazyLock, Mutex, PoisonError};

use fuzz::Target;
use serde_json::Value;
use served::{Reply, Served};

const TARGET: Target = Target {
    name: "request",
    words: &[
        b"JSON ",
        b"URL ",
        b"GET /v1/query?tenant=tiny",
        b"POST /v1/query?tenant=tiny\nContent-Type: application/json\n\n",
        b"POST /v1/links?tenant=tiny\nContent-Type: application/json\n\n",
        b"&sql=SELECT%20",
        b"&p.1=",
        b"&p.a:text=",
        b"&format=csv",
        b"&max_rows=2",
        b"&timeout_ms=50",
        b"&max_age=1ms",
        b"&lane=report",
        b"\nAccept: ",
        b"text/csv;q=0.5, */*;q=0",
        b"\nTE: trailers",
        b"\nAuthorization: Bearer ",
        b"\nOrigin: http://a",
        b"\"params\":[1,null,\"x\"]",
        b"\"params\":{\"a\":1}",
        b"{\"$blob\":\"AAH/\"}",
        b"{\"$text\":\"5\"}",
        b"\"9007199254740993\"",
        b"-9223372036854775808",
        b"18446744073709551615",
        b"1e308",
        b"-0.0",
        b"\\u0000",
        b"\\ud83d\\udda8",
        b"%00",
        b"%C3%BC",
        b"%",
        b"+",
        b"\r\n",
    ],
    cases: 6_000,
    bytes_max: 2_048,
    seeds: fuzz::no_seeds,
};

static SERVED: LazyLock<Mutex<Served>> = LazyLock::new(|| Mutex::new(Served::start()));

#[test]
fn target() {
    TARGET.run(|bytes| {
        let mut served = SERVED.lock().unwrap_or_else(PoisonError::into_inner);
        match (bytes.strip_prefix(b"JSON "), bytes.strip_prefix(b"URL ")) {
            (Some(value), _) => values::in_a_body(&mut served, value),
            (_, Some(text)) => values::in_a_url(&mut served, text),
            _ => {
                let (head, body) = cut(bytes);
                let reply = served.send(&head, body);
                is_an_answer(&reply);
            }
        }
    });
}

/// The lines up to the first empty one, and the rest.
fn cut(bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let (head, body) = match bytes.windows(2).position(|pair| pair == b"\n\n") {
        Some(at) => (&bytes[..at], &bytes[at + 2..]),
        None => (bytes, &b""[..]),
    };
    (head.split(|byte| *byte == b'\n').collect(), body)
}

/// A whole result, or a problem as the closed list has it.
fn is_an_answer(reply: &Reply) {
    let shown = || format!("{} {:?}", reply.status, String::from_utf8_lossy(&reply.body));
    // Before there is a request there is nobody who could write a problem.
    if reply.status == 400 && reply.body.is_empty() && reply.header("request-id").is_none() {
        return;
    }
    assert!(reply.header("request-id").is_some(), "{}", shown());
    if reply.status < 400 {
        let json = reply.header("content-type").is_some_and(|kind| kind == "application/json");
        if json && !reply.body.is_empty() {
            assert!(reply.whole, "{}", shown());
            serde_json::from_slice::<Value>(&reply.body)
                .unwrap_or_else(|error| panic!("{error} in {}", shown()));
        }
        return;
    }
    assert!(![500, 502, 504].contains(&reply.status), "{}", shown());
    assert!(reply.whole, "{}", shown());
    if reply.of_head {
        return;
    }
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{}", shown());
    let problem: Value = serde_json::from_slice(&reply.body).expect("a problem is JSON");
    let code = problem["code"].as_str().unwrap_or_default();
    let known = model::ErrorCode::ALL.iter().find(|known| known.slug() == code);
    let known = known.unwrap_or_else(|| panic!("{} has no code of the list", shown()));
    assert_ne!(*known, model::ErrorCode::Internal, "{}", shown());
    assert_eq!(problem["status"], reply.status, "{}", shown());
    assert_eq!(problem["retryable"], known.retryable(), "{}", shown());
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{}", shown());
}
