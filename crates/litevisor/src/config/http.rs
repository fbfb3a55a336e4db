//! `[http]`: listeners, the tenant's parameter, bounds of connections, bodies and streams.

use std::net::{Ipv4Addr, SocketAddr};

use model::limits;

use super::reader::Reader;
use super::value::{Bytes, Interval};

/// `[http]`.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Where tenants' requests come in.
    pub listen: SocketAddr,
    /// Where probes, metrics and the operator come in.
    pub admin_listen: SocketAddr,
    /// The query parameter that names the tenant.
    pub tenant_parameter: String,
    /// A header that may carry the tenant instead.
    pub tenant_header: Option<String>,
    /// Connections open at once, on each listener.
    pub connections_max: usize,
    /// A request's body.
    pub body_bytes_max: Bytes,
    /// How long a connection may be without a complete request head: idle or dripping.
    pub keep_alive_timeout: Interval,
    /// How long a request's body may take to arrive.
    pub read_timeout: Interval,
    /// How long a reader may take nothing before its stream is cut.
    pub stream_idle_timeout: Interval,
    /// The least rate, per second, at which a reader that keeps us waiting must take its stream.
    pub stream_rate_min: Bytes,
    /// Origins whose pages may read answers.
    pub cors_origins: Vec<String>,
    /// Whether they may send cookies and the like along.
    pub cors_credentials: bool,
    /// How long a drain goes on as before, but for readiness, until everyone who sends requests
    /// has seen that.
    pub drain_delay: Interval,
    /// How long a drain waits for what is under way.
    pub drain_timeout: Interval,
}

impl HttpConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        const S: &str = "http";
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listen = reader.take(S, "listen", loopback(8080));
        let admin_listen = reader.take(S, "admin_listen", loopback(8081));
        let tenant_parameter = reader.take(S, "tenant_parameter", "tenant".to_owned());
        if tenant_parameter != model::ids::percent_encode(&tenant_parameter)
            || tenant_parameter.is_empty()
        {
            reader.wrong("has only letters, digits, `-`, `.`, `_` and `~`");
        }
        if ["sql", "format", "timeout_ms", "max_rows", "max_age"].contains(&&*tenant_parameter) {
            reader.wrong("may not be the name of another parameter of GET /v1/query");
        }
        let tenant_header: Option<String> = reader.take_optional(S, "tenant_header");
        let header_ok = |name: &String| hyper::header::HeaderName::try_from(name.as_str()).is_ok();
        if tenant_header.as_ref().is_some_and(|name| !header_ok(name)) {
            reader.wrong("is the name of an HTTP header");
        }
        let cors_origins: Vec<String> = reader.take(S, "cors_origins", Vec::new());
        if !cors_origins.iter().all(|origin| is_origin(origin)) {
            reader.wrong(
                "is a list of origins as browsers send them, such as \"https://app.example.com\" or \
                 \"http://localhost:3000\": without a path, and never \"*\"",
            );
        }
        HttpConfig {
            listen,
            admin_listen,
            tenant_parameter,
            tenant_header,
            connections_max: reader.take(S, "connections_max", limits::CONNECTIONS_DEFAULT),
            body_bytes_max: reader.take(S, "body_bytes_max", Bytes(limits::BODY_DEFAULT_BYTES)),
            keep_alive_timeout: reader.take(S, "keep_alive_timeout", Interval::seconds(75)),
            read_timeout: reader.take(S, "read_timeout", Interval::seconds(10)),
            stream_idle_timeout: reader.take(S, "stream_idle_timeout", Interval::seconds(30)),
            stream_rate_min: reader.take(S, "stream_rate_min", Bytes(4 << 10)),
            cors_origins,
            cors_credentials: reader.take(S, "cors_credentials", false),
            drain_delay: reader.take(S, "drain_delay", Interval::seconds(0)),
            drain_timeout: reader.take(S, "drain_timeout", Interval::seconds(25)),
        }
    }
}

/// Whether a text is an origin as browsers send it.
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<hyper::Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let default_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    // Its own parts, put together, are all of it: no path, no user, no capitals, no port that
    // browsers leave out.
    let port = match uri.port_u16() {
        Some(port) if port == default_port => return false,
        Some(port) => format!(":{port}"),
        None => String::new(),
    };
    !authority.host().is_empty()
        && text == format!("{scheme}://{}{port}", authority.host()).to_ascii_lowercase()
}
