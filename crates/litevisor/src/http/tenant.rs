//! The tenant of a request: a query parameter, or a header where the mesh hashes one (INTERFACE
//! §3). Its raw form must be the canonical percent-encoding, since proxies hash raw bytes.

use axum::http::{HeaderMap, HeaderName};
use model::ids::{is_unreserved, percent_encode};
use model::{Error, ErrorCode, TenantId, TenantKeyType};

use super::percent;

/// What names the tenant in a request, and how tenants' ids are written.
#[derive(Clone, Debug)]
pub(crate) struct TenantNaming {
    /// The query parameter.
    pub(crate) parameter: String,
    /// The header that may carry it instead.
    pub(crate) header: Option<HeaderName>,
    /// The ids' canonical text.
    pub(crate) key_type: TenantKeyType,
}

impl TenantNaming {
    /// The tenant that a request names.
    ///
    /// # Errors
    /// `tenant_missing`, or `request_invalid` with the canonical form in the message.
    pub(crate) fn tenant(
        &self,
        query: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<TenantId, Error> {
        let in_query = self.raw_parameter(query.unwrap_or_default())?;
        let in_header = self.raw_header(headers)?;
        let raw = match (in_query, in_header) {
            (Some(a), Some(b)) if a != b => {
                return Err(invalid(format!(
                    "the parameter `{}` and the header `{}` name different tenants; send one of \
                     them, or both alike",
                    self.parameter,
                    self.header.as_ref().map_or("", HeaderName::as_str)
                )));
            }
            (Some(raw), _) | (None, Some(raw)) => raw,
            (None, None) => return Err(self.missing()),
        };
        if raw.is_empty() {
            return Err(self.missing());
        }
        let text = percent::decode(raw).map_err(|why| {
            invalid(format!("the tenant's id {why}; write it in UTF-8, percent-encoded"))
        })?;
        let id = TenantId::parse(&text, self.key_type).map_err(|error| invalid(error.0))?;
        // Most ids are written as they are: nothing to encode, and nothing allocated for it.
        if raw.bytes().all(is_unreserved) {
            return Ok(id);
        }
        let canonical = percent_encode(&text);
        if raw != canonical {
            return Err(invalid(format!(
                "the tenant's id must be written in its canonical percent-encoding, since proxies \
                 route by its raw bytes: {}={canonical}",
                self.parameter
            )));
        }
        Ok(id)
    }

    fn missing(&self) -> Error {
        let header = match &self.header {
            Some(header) => format!(" (or the header `{header}`)"),
            None => String::new(),
        };
        Error::new(
            ErrorCode::TenantMissing,
            format!("name the tenant: add ?{}=ID{header} to the request", self.parameter),
        )
    }

    /// The parameter's raw value. A name that only decodes to ours is refused: a proxy would not
    /// have seen it.
    fn raw_parameter<'a>(&self, query: &'a str) -> Result<Option<&'a str>, Error> {
        let mut found = None;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if name != self.parameter {
                if name.contains('%')
                    && percent::decode(name).is_ok_and(|plain| plain == self.parameter)
                {
                    return Err(invalid(format!(
                        "the parameter's name must be written plainly: {}=",
                        self.parameter
                    )));
                }
                continue;
            }
            if found.replace(value).is_some() {
                return Err(invalid(format!(
                    "the parameter `{}` is there more than once; send it once",
                    self.parameter
                )));
            }
        }
        Ok(found)
    }

    fn raw_header<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a str>, Error> {
        let Some(name) = &self.header else { return Ok(None) };
        let mut values = headers.get_all(name).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(invalid(format!("the header `{name}` is there more than once")));
        }
        let text = value.to_str().map_err(|_| {
            invalid(format!("the header `{name}` must be percent-encoded, as in a URL"))
        })?;
        Ok(Some(text))
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorCode::RequestInvalid, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naming(header: bool) -> TenantNaming {
        TenantNaming {
            parameter: "tenant".to_owned(),
            header: header.then(|| HeaderName::from_static("x-tenant")),
            key_type: TenantKeyType::String,
        }
    }

    fn ask(query: &str) -> Result<String, (ErrorCode, String)> {
        naming(false)
            .tenant(Some(query), &HeaderMap::new())
            .map(|id| id.to_string())
            .map_err(|error| (error.code, error.message))
    }

    #[test]
    fn parameter_table() {
        let good = [
            ("tenant=t7", "t7"),
            ("sql=x&tenant=acme.com&format=csv", "acme.com"),
            ("tenant=auth0%7C1", "auth0|1"),
            ("tenant=a%40b", "a@b"),
            ("tenant=%C3%BC", "ü"),
            ("tenant=a%20b", "a b"),
        ];
        for (query, id) in good {
            assert_eq!(ask(query).as_deref(), Ok(id), "{query}");
        }
        let bad = [
            ("", ErrorCode::TenantMissing, "?tenant=ID"),
            ("tenant", ErrorCode::TenantMissing, "?tenant=ID"),
            ("tenant=", ErrorCode::TenantMissing, "?tenant=ID"),
            ("Tenant=x", ErrorCode::TenantMissing, "?tenant=ID"),
            ("tenant=x&tenant=x", ErrorCode::RequestInvalid, "more than once"),
            ("%74enant=x", ErrorCode::RequestInvalid, "plainly"),
            ("tenant=%74%37", ErrorCode::RequestInvalid, "tenant=t7"),
            ("tenant=auth0|1", ErrorCode::RequestInvalid, "tenant=auth0%7C1"),
            ("tenant=auth0%7c1", ErrorCode::RequestInvalid, "tenant=auth0%7C1"),
            ("tenant=a@b", ErrorCode::RequestInvalid, "tenant=a%40b"),
            ("tenant=a+b", ErrorCode::RequestInvalid, "tenant=a%2Bb"),
            ("tenant=%FF", ErrorCode::RequestInvalid, "UTF-8"),
            ("tenant=%4", ErrorCode::RequestInvalid, "percent"),
            ("tenant=%zz", ErrorCode::RequestInvalid, "percent"),
            ("tenant=a%00", ErrorCode::RequestInvalid, "control"),
        ];
        for (query, code, part) in bad {
            let (got, message) = ask(query).expect_err(query);
            assert_eq!(got, code, "{query}: {message}");
            assert!(message.contains(part), "{query}: {message}");
        }
    }

    #[test]
    fn header_table() {
        type Case =
            (Option<&'static str>, &'static [&'static str], Result<&'static str, ErrorCode>);
        let cases: &[Case] = &[
            (None, &["t7"], Ok("t7")),
            (Some("tenant=t7"), &["t7"], Ok("t7")),
            (Some("tenant=t7"), &[], Ok("t7")),
            (Some("tenant=t7"), &["t8"], Err(ErrorCode::RequestInvalid)),
            (None, &["t7", "t7"], Err(ErrorCode::RequestInvalid)),
            (None, &["a@b"], Err(ErrorCode::RequestInvalid)),
            (None, &["a%40b"], Ok("a@b")),
            (None, &[], Err(ErrorCode::TenantMissing)),
        ];
        for (query, values, wanted) in cases {
            let mut headers = HeaderMap::new();
            for value in *values {
                headers.append("x-tenant", value.parse().expect("header"));
            }
            let got = naming(true).tenant(*query, &headers);
            let got = got.as_ref().map(TenantId::as_str).map_err(|error| error.code);
            assert_eq!(got, *wanted, "{query:?} {values:?}");
        }
    }

    proptest! {
        #[test]
        fn exactly_one_form_is_taken(id in "\\PC{1,40}") {
            prop_assume!(id.len() <= 128);
            let canonical = percent_encode(&id);
            let query = format!("tenant={canonical}");
            prop_assert_eq!(ask(&query), Ok(id));
        }

        #[test]
        fn nothing_panics(query in "\\PC*") {
            let _ = ask(&query);
        }
    }
}
