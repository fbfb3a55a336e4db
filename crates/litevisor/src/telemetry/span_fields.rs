//! How a span's fields are kept for JSON lines: written once, in order, straight to the text. Each
//! request has a span and hardly any has a line, so tracing-subscriber's way (a map of values, then
//! text) costs more than all else that a span does.

use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FormatFields, FormattedFields};

/// A span's fields as one JSON object: texts and booleans as they are, numbers too, the rest as
/// `Debug` writes it.
pub(super) struct SpanFields;

impl<'writer> FormatFields<'writer> for SpanFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut object = Object { writer, first: true, outcome: Ok(()) };
        object.outcome = object.writer.write_char('{');
        fields.record(&mut object);
        object.outcome?;
        object.writer.write_char('}')
    }

    fn add_fields(
        &self,
        current: &'writer mut FormattedFields<Self>,
        fields: &Record<'_>,
    ) -> fmt::Result {
        // A field that is there already is there twice then, and the later one counts.
        let first = current.fields.pop().is_none() || current.fields == "{";
        if current.fields.is_empty() {
            current.fields.push('{');
        }
        let mut object = Object { writer: current.as_writer(), first, outcome: Ok(()) };
        fields.record(&mut object);
        object.outcome?;
        object.writer.write_char('}')
    }
}

struct Object<'writer> {
    writer: Writer<'writer>,
    first: bool,
    outcome: fmt::Result,
}

impl Object<'_> {
    fn put(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.outcome.is_err() {
            return;
        }
        let comma = if std::mem::take(&mut self.first) { "" } else { "," };
        // A field's name is an identifier with dots: nothing in it needs an escape.
        self.outcome = write!(self.writer, "{comma}\"{}\":", field.name())
            .and_then(|()| value(&mut self.writer));
    }
}

/// A JSON string.
fn quoted(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        return write!(writer, "\"{text}\"");
    }
    let text = serde_json::to_string(text).map_err(|_| fmt::Error)?;
    writer.write_str(&text)
}

impl Visit for Object<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, |writer| quoted(writer, value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, |writer| write!(writer, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, |writer| write!(writer, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, |writer| write!(writer, "{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, |writer| quoted(writer, &format!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};
    use tracing_subscriber::layer::SubscriberExt;

    use super::SpanFields;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The span of a line written within `span`.
    fn line_in(span: impl FnOnce() -> tracing::Span) -> Value {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .json()
            .fmt_fields(SpanFields);
        let subscriber = tracing_subscriber::registry().with(lines);
        tracing::subscriber::with_default(subscriber, || {
            span().in_scope(|| tracing::info!("here"));
        });
        let text = kept.0.lock().unwrap().clone();
        serde_json::from_slice::<Value>(&text).unwrap()["span"].clone()
    }

    #[test]
    fn a_line_has_the_fields_of_its_span() {
        let none: Option<&str> = None;
        let span = line_in(
            || tracing::info_span!("s", "a.b" = "x", n = 7u64, m = -7, yes = true, none, d = ?[1, 2]),
        );
        let fields = json!({"name": "s", "a.b": "x", "n": 7, "m": -7, "yes": true, "d": "[1, 2]"});
        assert_eq!(span, fields);
        assert_eq!(line_in(|| tracing::info_span!("s")), json!({"name": "s"}));
    }

    #[test]
    fn fields_come_later_too() {
        use tracing::field::Empty;

        let span = line_in(|| {
            let span = tracing::info_span!("s", a = 1, b = Empty, c = Empty);
            span.record("b", "x");
            span.record("c", 2);
            span
        });
        assert_eq!(span, json!({"name": "s", "a": 1, "b": "x", "c": 2}));
        let span = line_in(|| {
            let span = tracing::info_span!("s", a = Empty);
            span.record("a", 1);
            span
        });
        assert_eq!(span, json!({"name": "s", "a": 1}));
    }

    #[test]
    fn any_text_is_escaped() {
        let odd = "\"\\\u{0}\n\u{7f}\u{2028}ß\u{1f40b}";
        assert_eq!(line_in(|| tracing::info_span!("s", odd))["odd"], odd);
    }
}
