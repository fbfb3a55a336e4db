//! Nor by the time of an answer is it told whether a tenant exists that one may not see.

#![expect(clippy::disallowed_methods, reason = "it times the program from outside")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::Keyed;
use crate::client;

/// Pairs of requests: so many that their medians differ by less than a hundredth on a busy machine.
const PAIRS: usize = 1_000;
/// Of the median: by so much two series of one and the same request may differ.
const NOISE: f64 = 0.05;

/// Asks on an open connection and gives the time of the answer, and the answer but for its own id.
fn ask(stream: &mut TcpStream, tenant: &str, key: &str) -> (Duration, u16) {
    let request = format!(
        "GET /v1/query?tenant={tenant}&sql=SELECT%20count(*)%20FROM%20devices HTTP/1.1\r\nHost: t\r\n\
         Authorization: Bearer {key}\r\n\r\n"
    );
    let start = Instant::now();
    stream.write_all(request.as_bytes()).expect("sent");
    let mut body = Vec::new();
    let (status, headers) = client::read_head(stream, &mut body);
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.expect("a length").1.parse().expect("a number");
    let come = body.len();
    body.resize(length, 0);
    stream.read_exact(&mut body[come..]).expect("a body");
    (start.elapsed(), status)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
fn a_tenant_that_one_may_not_see_takes_no_other_time_than_one_that_does_not_exist() {
    let mut keyed = Keyed::start();
    let mine = keyed.add(&["empty"], "owner", None);
    let all = keyed.add(&["*"], "operator", None);
    keyed.write();
    keyed.until_known(&all, "/v1/schema?tenant=acme");
    // `tiny` is warm, `acme` cold, and the others are not there: all of four letters.
    assert_eq!(
        keyed.ask("GET", "/v1/query?tenant=tiny&sql=SELECT%201%20FROM%20devices", &all).status,
        200
    );
    let mut stream = client::connect(keyed.app.address);
    for hidden in ["tiny", "acme"] {
        let (mut there, mut not_there) = (Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            // In turn, and each first as often as the other: what slows the machine slows both.
            let mut order = [(hidden, &mut there), ("nope", &mut not_there)];
            if pair % 2 == 1 {
                order.swap(0, 1);
            }
            for (tenant, times) in order {
                let (time, status) = ask(&mut stream, tenant, &mine);
                assert_eq!(status, 404);
                times.push(time);
            }
        }
        let (there, not_there) = (median(&mut there), median(&mut not_there));
        let least = there.min(not_there);
        let differ = there.abs_diff(not_there).as_secs_f64() / least.as_secs_f64();
        assert!(differ <= NOISE, "{hidden}: {there:?}, and {not_there:?} where nobody is");
    }
}
