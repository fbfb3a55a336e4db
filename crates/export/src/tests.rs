//! Tables and properties: what is written reads back as what was meant, by readers of others.

use std::sync::{Arc, Mutex};

use model::limits::{ENCODER_PIECE_BYTES, STREAM_CHUNK_BYTES};
use model::{
    AsOf, Cell, Column, ColumnType, CutReason, Error, ErrorCode, Flow, Summary, Timestamp,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Format, Output, encoder};

#[derive(Default)]
struct Seen {
    bytes: Vec<u8>,
    chunks: Vec<usize>,
    held: usize,
    ended: bool,
    aborted: bool,
    stop_after: Option<usize>,
}

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Seen>>);

impl Output for Memory {
    fn chunk(&mut self, bytes: Vec<u8>) -> Flow {
        let mut seen = self.0.lock().unwrap();
        seen.chunks.push(bytes.len());
        seen.bytes.extend_from_slice(&bytes);
        if seen.stop_after.is_some_and(|stop| seen.chunks.len() >= stop) {
            Flow::Stop
        } else {
            Flow::Continue
        }
    }
    fn abort(&mut self) {
        self.0.lock().unwrap().aborted = true;
    }
    fn end(&mut self) {
        self.0.lock().unwrap().ended = true;
    }
    fn holds(&mut self, bytes: usize) {
        self.0.lock().unwrap().held = bytes;
    }
}

fn column(name: &str, column_type: Option<ColumnType>) -> Column {
    Column { name: name.to_owned(), column_type, origin: None }
}

fn summary(rows: usize) -> Summary {
    Summary {
        rows: rows as u64,
        cut: None,
        changes: None,
        as_of: Some(AsOf { time: Timestamp(0), exact: true }),
        replaced_texts: 0,
    }
}

fn encode(format: Format, columns: &[Column], rows: &[Vec<Cell<'_>>]) -> String {
    let memory = Memory::default();
    let mut sink = encoder(format, memory.clone());
    assert_eq!(sink.begin(columns), Flow::Continue);
    for row in rows {
        assert_eq!(sink.row(row), Flow::Continue);
    }
    sink.finish(&summary(rows.len()));
    let seen = memory.0.lock().unwrap();
    assert!(seen.ended && !seen.aborted);
    String::from_utf8(seen.bytes.clone()).unwrap()
}

#[test]
fn values_by_format() {
    let cases: &[(Cell<'_>, &str, &str)] = &[
        (Cell::Null, "null", ""),
        (Cell::Integer(0), "0", "0"),
        (Cell::Integer(-7), "-7", "-7"),
        (Cell::Integer(1 << 53), "9007199254740992", "9007199254740992"),
        (Cell::Integer((1 << 53) + 1), "\"9007199254740993\"", "9007199254740993"),
        (Cell::Integer(i64::MIN), "\"-9223372036854775808\"", "-9223372036854775808"),
        (Cell::Real(1.0), "1.0", "1.0"),
        (Cell::Real(-0.0), "-0.0", "-0.0"),
        (Cell::Real(0.1), "0.1", "0.1"),
        (Cell::Real(1e300), "1e+300", "1e+300"),
        (Cell::Real(5e-324), "5e-324", "5e-324"),
        (Cell::Real(f64::MAX), "1.7976931348623157e+308", "1.7976931348623157e+308"),
        (Cell::Real(f64::INFINITY), "\"Infinity\"", "Infinity"),
        (Cell::Real(f64::NEG_INFINITY), "\"-Infinity\"", "-Infinity"),
        (Cell::Text(""), "\"\"", "\"\""),
        (Cell::Text("plain"), "\"plain\"", "plain"),
        (Cell::Text("a,b"), "\"a,b\"", "\"a,b\""),
        (Cell::Text("say \"hi\""), "\"say \\\"hi\\\"\"", "\"say \"\"hi\"\"\""),
        (Cell::Text("line\r\nline"), "\"line\\r\\nline\"", "\"line\r\nline\""),
        (Cell::Text("tab\tnul\0\\"), "\"tab\\tnul\\u0000\\\\\"", "tab\tnul\0\\"),
        (
            Cell::Text("\u{8}\u{c}\u{1f}\u{7f}é😀"),
            "\"\\b\\f\\u001f\u{7f}é😀\"",
            "\u{8}\u{c}\u{1f}\u{7f}é😀",
        ),
        (Cell::Blob(b""), "{\"$blob\":\"\"}", "\"\""),
        (Cell::Blob(b"\x00\xffA"), "{\"$blob\":\"AP9B\"}", "AP9B"),
        (Cell::Blob(b"\x00\xff"), "{\"$blob\":\"AP8=\"}", "AP8="),
    ];
    for (cell, json, csv) in cases {
        let columns = [column("v", None)];
        let rows = [vec![*cell]];
        assert_eq!(encode(Format::Csv, &columns, &rows), format!("v\r\n{csv}\r\n"), "{cell:?}");
        let ndjson = encode(Format::Ndjson, &columns, &rows);
        assert_eq!(ndjson.lines().nth(1), Some(format!("[{json}]").as_str()), "{cell:?}");
    }
}

#[test]
fn json_as_a_whole() {
    let columns = [column("id", Some(ColumnType::Text)), column("n\"", None)];
    let rows = [vec![Cell::Text("a"), Cell::Integer(1)], vec![Cell::Null, Cell::Real(2.5)]];
    let text = encode(Format::Json, &columns, &rows);
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        json!({"columns": [{"name": "id", "type": "text"}, {"name": "n\"", "type": null}],
               "rows": [["a", 1], [null, 2.5]], "complete": true, "row_count": 2,
               "as_of": "1970-01-01T00:00:00.000Z"})
    );
    let lines = encode(Format::Ndjson, &columns, &rows);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["columns"][1], json!({"name": "n\"", "type": null}));
    assert_eq!(lines[2], json!([null, 2.5]));
    assert_eq!(
        lines[3],
        json!({"complete": true, "row_count": 2, "as_of": "1970-01-01T00:00:00.000Z"})
    );
}

#[test]
fn a_statement_without_columns() {
    for (format, wanted) in [
        (
            Format::Json,
            "{\"columns\":[],\"rows\":[],\"complete\":true,\"row_count\":0,\"as_of\":null,\"changes\":3}\n",
        ),
        (
            Format::Ndjson,
            "{\"columns\":[]}\n{\"complete\":true,\"row_count\":0,\"as_of\":null,\"changes\":3}\n",
        ),
        (Format::Csv, ""),
    ] {
        let memory = Memory::default();
        let mut sink = encoder(format, memory.clone());
        assert_eq!(sink.begin(&[]), Flow::Continue);
        sink.finish(&Summary { changes: Some(3), as_of: None, ..summary(0) });
        let seen = memory.0.lock().unwrap();
        assert!(seen.ended);
        assert_eq!(String::from_utf8_lossy(&seen.bytes), wanted);
    }
}

#[test]
fn a_wanted_cut_and_replaced_text_are_told() {
    let memory = Memory::default();
    let mut sink = encoder(Format::Json, memory.clone());
    assert_eq!(sink.begin(&[column("v", None)]), Flow::Continue);
    assert_eq!(sink.row(&[Cell::Integer(1)]), Flow::Continue);
    sink.finish(&Summary { cut: Some(CutReason::MaxRows), replaced_texts: 2, ..summary(1) });
    let value: Value = serde_json::from_slice(&memory.0.lock().unwrap().bytes).unwrap();
    assert_eq!(value["complete"], json!(false));
    assert_eq!(value["reason"], json!("max_rows"));
    assert_eq!(value["replaced_texts"], json!(2));
}

#[test]
fn a_failed_result_never_looks_whole() {
    let error = Error::new(ErrorCode::QueryTimeout, "it took \"too\" long").at_offset(7);
    for rows in [0, 1, 20_000] {
        for format in Format::ALL {
            let memory = Memory::default();
            let mut sink = encoder(*format, memory.clone());
            assert_eq!(sink.begin(&[column("v", None)]), Flow::Continue);
            for _ in 0..rows {
                assert_eq!(sink.row(&[Cell::Text("some text")]), Flow::Continue);
            }
            sink.fail(&error);
            let seen = memory.0.lock().unwrap();
            assert_eq!(seen.aborted, *format == Format::Csv);
            assert_eq!(seen.ended, *format != Format::Csv);
            let text = std::str::from_utf8(&seen.bytes).unwrap();
            let end: Value = match format {
                Format::Json => serde_json::from_str(text).unwrap(),
                Format::Ndjson => serde_json::from_str(text.lines().last().unwrap()).unwrap(),
                Format::Csv => continue,
            };
            assert_eq!(end["complete"], json!(false));
            assert_eq!(end["row_count"], json!(rows));
            assert_eq!(
                end["error"],
                json!({"code": "query_timeout", "detail": "it took \"too\" long",
                       "retryable": false, "offset": 7})
            );
        }
    }
}

#[test]
fn chunks_are_full_and_bounded_however_large_a_value_is() {
    let long = "x\"\n\u{1}é".repeat(100_000);
    let blob = vec![7; 500_001];
    for format in Format::ALL {
        let memory = Memory::default();
        let mut sink = encoder(*format, memory.clone());
        let columns = [column("t", None), column("b", None)];
        assert_eq!(sink.begin(&columns), Flow::Continue);
        for _ in 0..2 {
            assert_eq!(sink.row(&[Cell::Text(&long), Cell::Blob(&blob)]), Flow::Continue);
        }
        sink.finish(&summary(2));
        let seen = memory.0.lock().unwrap();
        let (_, all_but_last) = seen.chunks.split_last().unwrap();
        for chunk in all_but_last {
            assert!(
                (STREAM_CHUNK_BYTES..STREAM_CHUNK_BYTES + 7 * ENCODER_PIECE_BYTES).contains(chunk),
                "{chunk}"
            );
        }
        if *format == Format::Json {
            let value: Value = serde_json::from_slice(&seen.bytes).unwrap();
            assert_eq!(value["rows"][1][0], json!(long));
        }
        if *format == Format::Csv {
            let rows = read_csv(std::str::from_utf8(&seen.bytes).unwrap());
            assert_eq!(rows[2][0], Some(long.clone()));
        }
    }
}

#[test]
fn an_output_that_stops_gets_the_row_at_hand_whole() {
    for format in [Format::Json, Format::Ndjson] {
        let memory = Memory::default();
        memory.0.lock().unwrap().stop_after = Some(1);
        let mut sink = encoder(format, memory.clone());
        assert_eq!(sink.begin(&[column("v", None)]), Flow::Continue);
        let long = "y".repeat(3 * STREAM_CHUNK_BYTES);
        assert_eq!(sink.row(&[Cell::Text(&long)]), Flow::Stop);
        sink.fail(&Error::new(ErrorCode::ResultTooLarge, "too large"));
        let seen = memory.0.lock().unwrap();
        let text = std::str::from_utf8(&seen.bytes).unwrap();
        let last = if format == Format::Json { text } else { text.lines().last().unwrap() };
        let value: Value = serde_json::from_str(last).unwrap();
        assert_eq!(value["error"]["code"], json!("result_too_large"));
    }
}

#[test]
fn what_the_buffer_takes_is_told_as_it_grows() {
    let cells = "z".repeat(5_000);
    for format in Format::ALL {
        for rows in [0, 1, 3, 12, 13, 14, 40] {
            let memory = Memory::default();
            let mut sink = encoder(*format, memory.clone());
            assert!(memory.0.lock().unwrap().held > 0, "before anything is written");
            assert_eq!(sink.begin(&[column("v", None)]), Flow::Continue);
            let row = [Cell::Text(&cells), Cell::Null, Cell::Integer(7)];
            for _ in 0..rows {
                assert_eq!(sink.row(&row), Flow::Continue);
            }
            let (held, before) = {
                let seen = memory.0.lock().unwrap();
                (seen.held, seen.bytes.len())
            };
            sink.finish(&summary(rows));
            let seen = memory.0.lock().unwrap();
            let left = (rows * cells.len()).saturating_sub(before);
            assert!(held >= left, "{held} told of {left}");
            assert!(held <= 2 * STREAM_CHUNK_BYTES, "{held} told: it is one chunk");
            assert_eq!(seen.held, 0, "nothing is held at the end");
        }
    }
}

#[test]
fn names_and_media_types() {
    for format in Format::ALL {
        assert_eq!(Format::parse(format.name()), Some(*format));
    }
    assert_eq!(Format::parse("xml"), None);
    assert_eq!(Format::Csv.media_type(), "text/csv; charset=utf-8; header=present");
}

/// A small CSV reader: `None` for an empty field without quotes.
fn read_csv(text: &str) -> Vec<Vec<Option<String>>> {
    let mut rows = vec![];
    let mut row = vec![];
    let mut chars = text.chars().peekable();
    while chars.peek().is_some() {
        let mut field = String::new();
        let quoted = chars.next_if_eq(&'"').is_some();
        if quoted {
            loop {
                match chars.next().expect("a quoted field ends") {
                    '"' if chars.next_if_eq(&'"').is_some() => field.push('"'),
                    '"' => break,
                    other => field.push(other),
                }
            }
        } else {
            while let Some(other) = chars.next_if(|c| !matches!(c, ',' | '\r' | '\n' | '"')) {
                field.push(other);
            }
        }
        row.push(if quoted || !field.is_empty() { Some(field) } else { None });
        match chars.next().expect("a row ends in CRLF") {
            ',' => continue,
            '\r' => assert_eq!(chars.next(), Some('\n')),
            other => panic!("{other:?} after a field"),
        }
        rows.push(std::mem::take(&mut row));
    }
    rows
}

#[derive(Clone, Debug)]
enum Owned {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Owned {
    fn cell(&self) -> Cell<'_> {
        match self {
            Owned::Null => Cell::Null,
            Owned::Integer(integer) => Cell::Integer(*integer),
            Owned::Real(real) => Cell::Real(*real),
            Owned::Text(text) => Cell::Text(text),
            Owned::Blob(blob) => Cell::Blob(blob),
        }
    }
}

fn owned() -> impl Strategy<Value = Owned> {
    prop_oneof![
        Just(Owned::Null),
        any::<i64>().prop_map(Owned::Integer),
        (-10_i64..10).prop_map(Owned::Integer),
        any::<f64>().prop_filter("NaN is no cell", |r| !r.is_nan()).prop_map(Owned::Real),
        any::<String>().prop_map(Owned::Text),
        "[a-z,\"\r\n\\\\]{0,80}".prop_map(Owned::Text),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Owned::Blob),
    ]
}

fn same_json(cell: &Owned, value: &Value) -> bool {
    use base64::Engine as _;
    match cell {
        Owned::Null => value.is_null(),
        Owned::Integer(integer) if integer.unsigned_abs() > 1 << 53 => {
            value.as_str() == Some(&integer.to_string())
        }
        Owned::Integer(integer) => value.as_i64() == Some(*integer),
        Owned::Real(real) if real.is_infinite() => {
            value.as_str() == Some(if *real > 0.0 { "Infinity" } else { "-Infinity" })
        }
        // `serde_json` reads reals to within a few last bits only; that every bit is written is
        // shown by `same_csv`, which shares the formatter.
        Owned::Real(real) => {
            value.as_f64().is_some_and(|read| (read - real).abs() <= real.abs() * 1e-14)
        }
        Owned::Text(text) => value.as_str() == Some(text),
        Owned::Blob(blob) => value["$blob"].as_str().is_some_and(|text| {
            base64::engine::general_purpose::STANDARD.decode(text).as_ref() == Ok(blob)
        }),
    }
}

fn same_csv(cell: &Owned, field: Option<&str>) -> bool {
    use base64::Engine as _;
    match (cell, field) {
        (Owned::Null, None) => true,
        (Owned::Integer(integer), Some(text)) => text.parse() == Ok(*integer),
        (Owned::Real(real), Some(text)) => {
            text.parse::<f64>().is_ok_and(|read| read.to_bits() == real.to_bits())
        }
        (Owned::Text(wanted), Some(text)) => wanted == text,
        (Owned::Blob(blob), Some(text)) => {
            base64::engine::general_purpose::STANDARD.decode(text).as_ref() == Ok(blob)
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(rows in prop::collection::vec(prop::collection::vec(owned(), 3), 0..20)) {
        let columns = [column("a", None), column("b", None), column("c", None)];
        let cells: Vec<Vec<Cell<'_>>> =
            rows.iter().map(|row| row.iter().map(Owned::cell).collect()).collect();

        let object: Value = serde_json::from_str(&encode(Format::Json, &columns, &cells)).unwrap();
        let lines = encode(Format::Ndjson, &columns, &cells);
        let lines: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let csv = read_csv(&encode(Format::Csv, &columns, &cells));
        prop_assert_eq!(object["rows"].as_array().unwrap().len(), rows.len());
        prop_assert_eq!(lines.len(), rows.len() + 2);
        prop_assert_eq!(csv.len(), rows.len() + 1);
        for (number, row) in rows.iter().enumerate() {
            for (place, cell) in row.iter().enumerate() {
                prop_assert!(same_json(cell, &object["rows"][number][place]), "{:?}", cell);
                prop_assert!(same_json(cell, &lines[number + 1][place]), "{:?}", cell);
                prop_assert!(same_csv(cell, csv[number + 1][place].as_deref()), "{:?}", cell);
            }
        }
    }
}
