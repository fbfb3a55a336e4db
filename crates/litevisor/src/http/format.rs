//! Which format a result has: `format=` (or the body's `format`), else `Accept`, else JSON.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use export::Format;
use model::{Error, ErrorCode};

const FORMATS: [Format; 3] = [Format::Json, Format::Ndjson, Format::Csv];

/// The format by its name.
///
/// # Errors
/// `request_invalid`, naming those there are.
pub(crate) fn by_name(name: &str) -> Result<Format, Error> {
    Format::parse(name).ok_or_else(|| {
        Error::new(
            ErrorCode::RequestInvalid,
            format!("there is no format `{name}`; there are json, ndjson, csv"),
        )
    })
}

/// The format that the `Accept` header likes best; JSON where it says nothing.
///
/// # Errors
/// `media_type_unsupported` if it accepts none of ours.
pub(crate) fn by_accept(headers: &HeaderMap) -> Result<Format, Error> {
    let mut best: Option<(f32, Format)> = None;
    let mut said = false;
    for value in headers.get_all(ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if media.is_empty() {
                continue;
            }
            said = true;
            let quality = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
            let Some(format) = of_media_range(media) else { continue };
            if quality > best.map_or(0.0, |(quality, _)| quality) {
                best = Some((quality, format));
            }
        }
    }
    match best {
        Some((_, format)) => Ok(format),
        None if !said => Ok(Format::Json),
        None => Err(Error::new(
            ErrorCode::MediaTypeUnsupported,
            "results come as application/json, application/x-ndjson or text/csv; accept one of \
             them, or add format=json",
        )),
    }
}

fn of_media_range(media: &str) -> Option<Format> {
    let essence = |format: Format| {
        let media_type = format.media_type();
        media_type.split(';').next().unwrap_or(media_type).trim()
    };
    match media {
        "*/*" | "application/*" => Some(Format::Json),
        "text/*" => Some(Format::Csv),
        "application/ndjson" | "application/jsonl" => Some(Format::Ndjson),
        _ => FORMATS.into_iter().find(|format| media.eq_ignore_ascii_case(essence(*format))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_table() {
        let cases = [
            ("", Some("json")),
            ("*/*", Some("json")),
            ("text/csv", Some("csv")),
            ("TEXT/CSV; header=present", Some("csv")),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Some("json")),
            ("application/json;q=0.1, text/csv;q=0.9", Some("csv")),
            ("application/x-ndjson", Some("ndjson")),
            ("text/html", None),
            ("application/json;q=0", None),
            ("nonsense", None),
        ];
        for (accept, wanted) in cases {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(ACCEPT, accept.parse().expect("header"));
            }
            let got = by_accept(&headers).ok();
            assert_eq!(
                got.map(Format::media_type),
                wanted.and_then(Format::parse).map(Format::media_type),
                "{accept}"
            );
        }
    }
}
