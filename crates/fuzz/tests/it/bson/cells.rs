//! The decoder beside what INTERFACE's table of values says, told again from the driver's values.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use bson::raw::RawBsonRef;
use bson::spec::BinarySubtype;
use bson::{Decimal128, RawDocument};
use model::{
    Catalog, Cell, Column, ColumnType, Error, Flow, RowSink, Summary, TenantId, TenantKeyType,
};
use source::{DecodeLimits, Decoder, RawBatch};

use super::json::{Fields, fields, relaxed};

/// Every column type on one field, a field below a document, an unwound array, and the rest.
const CATALOG: &str = r#"
tenant_key = "tenant"

[[tables]]
name = "documents"
collection = "c"
rest = "rest"
columns = [
  { name = "any", path = "v", as = "any" },
  { name = "text", path = "v", as = "text" },
  { name = "integer", path = "v", as = "integer" },
  { name = "real", path = "v", as = "real" },
  { name = "datetime", path = "v", as = "datetime" },
  { name = "unixms", path = "v", as = "unixms" },
  { name = "decimal", path = "v", as = "decimal" },
  { name = "scaled", path = "v", as = "scaled:2" },
  { name = "blob", path = "v", as = "blob" },
  { name = "json", path = "v", as = "json" },
  { name = "below", path = "d.v", as = "any" },
]

[[tables]]
name = "elements"
collection = "c"
unwind = "a"
columns = [
  { name = "ordinal", path = "$index" },
  { name = "inside", path = "a.v", as = "any" },
  { name = "beside", path = "v", as = "any" },
]
"#;

static PARSED: LazyLock<Arc<Catalog>> =
    LazyLock::new(|| Arc::new(Catalog::parse(CATALOG).expect("a catalog")));

/// The columns of `documents` that show `v`.
const SHOWN: usize = 10;

/// A cell that owns its value; doubles by their bits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    Null,
    Integer(i64),
    Real(u64),
    Text(String),
    Blob(Vec<u8>),
}

/// What a cell must be.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Cell(Owned),
    /// Text that reads as this number.
    Number(f64),
    /// Text that means this.
    Json(serde_json::Value),
    /// Text: JSON that cannot be compared.
    AnyJson,
}

impl Wanted {
    fn agrees(&self, cell: &Owned) -> bool {
        match (self, cell) {
            (Wanted::Cell(wanted), cell) => wanted == cell,
            (Wanted::Number(wanted), Owned::Text(text)) => text.parse() == Ok(*wanted),
            (Wanted::Json(wanted), Owned::Text(text)) => {
                serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| json == *wanted)
            }
            (Wanted::AnyJson, cell) => matches!(cell, Owned::Text(_)),
            _ => false,
        }
    }
}

#[derive(Default)]
struct Rows(Vec<Vec<Owned>>);

impl RowSink for Rows {
    fn begin(&mut self, _: &[Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        let owned = cells.iter().map(|cell| match *cell {
            Cell::Null => Owned::Null,
            Cell::Integer(integer) => Owned::Integer(integer),
            Cell::Real(real) => Owned::Real(real.to_bits()),
            Cell::Text(text) => Owned::Text(text.to_owned()),
            Cell::Blob(bytes) => Owned::Blob(bytes.to_vec()),
        });
        self.0.push(owned.collect());
        Flow::Continue
    }
    fn finish(&mut self, _: &Summary) {}
    fn fail(&mut self, _: &Error) {}
}

/// Decodes the documents one by one, for both tables, and holds the rows of those in `readable`,
/// which the driver reads to the end, against what they must be.
pub(super) fn decode_alike(documents: &[&[u8]], readable: &[Option<&RawDocument>]) {
    let catalog = &*PARSED;
    for table in 0..catalog.tables.len() {
        let mut practised = decoder(catalog, table);
        for (document, theirs) in documents.iter().zip(readable) {
            let fresh = decode(&mut decoder(catalog, table), document);
            let again = decode(&mut practised, document);
            // The words of a fault may differ: a name that is expected is taken at once.
            let alike = fresh == again || (fresh.is_err() && again.is_err());
            assert!(alike, "a practised decoder reads it otherwise: {again:?}, not {fresh:?}");
            if fresh.is_err() {
                practised = decoder(catalog, table);
            }
            if let Some(theirs) = theirs {
                expect(catalog, table, theirs, fresh);
            }
        }
    }
}

fn decoder(catalog: &Arc<Catalog>, table: usize) -> Decoder {
    let tenant = TenantId::parse("acme", TenantKeyType::String).expect("an id");
    Decoder::new(catalog, table, Some(&tenant), DecodeLimits::default())
}

fn decode(decoder: &mut Decoder, document: &[u8]) -> Result<Vec<Vec<Owned>>, String> {
    let batch = RawBatch::from_run(document.to_vec()).expect("framed");
    let mut rows = Rows::default();
    match decoder.decode(&batch, &mut rows) {
        Ok(_) => Ok(rows.0),
        Err(error) => {
            let error = error.to_string();
            // One that is malformed within its array may have given rows: they are dropped with
            // the boot. A stranger gives none.
            assert!(rows.0.is_empty() || error.contains("malformed"), "{error}: {:?}", rows.0);
            Err(error)
        }
    }
}

fn first<'a>(fields: &Fields<'a>, name: &str) -> Option<RawBsonRef<'a>> {
    fields.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

fn below<'a>(value: Option<RawBsonRef<'a>>, name: &str) -> Option<RawBsonRef<'a>> {
    match value {
        Some(RawBsonRef::Document(document)) => first(&fields(document), name),
        _ => None,
    }
}

fn expect(
    catalog: &Catalog,
    table: usize,
    document: &RawDocument,
    rows: Result<Vec<Vec<Owned>>, String>,
) {
    let all = fields(document);
    let rows = match (first(&all, "tenant"), rows) {
        (Some(RawBsonRef::String("acme")), rows) => rows.expect("the tenant's own"),
        (None | Some(RawBsonRef::String(_)), rows) => {
            let error = rows.expect_err("another tenant's");
            return assert!(error.contains("does not belong"), "{error}");
        }
        // A key of another type is nobody's: passed over, and counted.
        (Some(_), rows) => return assert_eq!(rows, Ok(Vec::new())),
    };
    let value = first(&all, "v");
    if table == 1 {
        let elements = match first(&all, "a") {
            None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => Vec::new(),
            Some(RawBsonRef::Array(array)) => {
                array.into_iter().map(|element| element.expect("read before")).collect()
            }
            Some(single) => vec![single],
        };
        let beside = shown(ColumnType::Any, value);
        assert_eq!(rows.len(), elements.len());
        for ((row, element), index) in rows.iter().zip(elements).zip(0..) {
            let inside = shown(ColumnType::Any, below(Some(element), "v"));
            for (cell, wanted) in
                row.iter().zip([Wanted::Cell(Owned::Integer(index)), inside, beside.clone()])
            {
                assert!(wanted.agrees(cell), "{cell:?} of {element:?}, not {wanted:?}");
            }
        }
        return;
    }
    assert_eq!(rows.len(), 1);
    let types = catalog.tables[0].columns.iter().map(|column| column.column_type);
    for ((cell, column_type), number) in rows[0].iter().zip(types).zip(0..) {
        if number > SHOWN {
            expect_rest(&all, cell);
            continue;
        }
        let value = if number < SHOWN { value } else { below(first(&all, "d"), "v") };
        let wanted = shown(column_type, value);
        assert!(wanted.agrees(cell), "{value:?} as {column_type:?}: {cell:?}, not {wanted:?}");
    }
}

/// The rest column holds every field but those mapped; of `d` what is not mapped.
fn expect_rest(all: &Fields<'_>, cell: &Owned) {
    let Owned::Text(text) = cell else { panic!("the rest column holds {cell:?}") };
    if all.iter().any(|(_, value)| json(*value) == Wanted::AnyJson) {
        return;
    }
    let rest: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut seen = HashSet::new();
    for (name, value) in all {
        if ["tenant", "v", "d"].contains(name) || !seen.insert(*name) {
            continue;
        }
        let Wanted::Json(wanted) = json(*value) else { continue };
        assert_eq!(rest.get(*name), Some(&wanted), "{name} in {text}");
    }
    assert!(!rest.contains_key("tenant") && !rest.contains_key("v"), "{text}");
    assert!(rest.keys().all(|name| name == "d" || seen.contains(name.as_str())), "{text}");
}

/// What a column of `column_type` must show of `value`.
fn shown(column_type: ColumnType, value: Option<RawBsonRef<'_>>) -> Wanted {
    let value = match value {
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => return Wanted::Cell(Owned::Null),
        Some(value) => value,
    };
    Wanted::Cell(match (column_type, value) {
        (ColumnType::Json, value) => return json(value),
        (ColumnType::UnixMs, RawBsonRef::DateTime(at)) => Owned::Integer(at.timestamp_millis()),
        (ColumnType::Text, RawBsonRef::Decimal128(decimal)) => Owned::Text(decimal.to_string()),
        (ColumnType::Blob, RawBsonRef::Binary(binary)) => Owned::Blob(binary.bytes.to_vec()),
        (ColumnType::Scaled(scale), RawBsonRef::Decimal128(decimal)) => {
            of_scaled(&decimal.to_string(), scale)
        }
        (ColumnType::Scaled(scale), RawBsonRef::Int32(integer)) => {
            of_scaled(&integer.to_string(), scale)
        }
        (ColumnType::Scaled(scale), RawBsonRef::Int64(integer)) => {
            of_scaled(&integer.to_string(), scale)
        }
        (ColumnType::Scaled(scale), RawBsonRef::Double(real)) => {
            match of_scaled(&real.to_string(), scale) {
                Owned::Text(_) => return Wanted::Number(real),
                cell => cell,
            }
        }
        _ => return natural(value),
    })
}

fn natural(value: RawBsonRef<'_>) -> Wanted {
    Wanted::Cell(match value {
        RawBsonRef::String(text) => Owned::Text(text.to_owned()),
        RawBsonRef::Int32(integer) => Owned::Integer(integer.into()),
        RawBsonRef::Int64(integer) => Owned::Integer(integer),
        RawBsonRef::Boolean(boolean) => Owned::Integer(boolean.into()),
        RawBsonRef::Timestamp(at) => Owned::Integer(at.time.into()),
        RawBsonRef::Double(real) => of_real(real),
        RawBsonRef::ObjectId(id) => Owned::Text(id.to_hex()),
        RawBsonRef::DateTime(at) => datetime(at),
        RawBsonRef::Binary(binary) => match (binary.subtype, <[u8; 16]>::try_from(binary.bytes)) {
            (BinarySubtype::Uuid | BinarySubtype::UuidOld, Ok(bytes)) => {
                Owned::Text(bson::Uuid::from_bytes(bytes).to_string())
            }
            _ => Owned::Blob(binary.bytes.to_vec()),
        },
        RawBsonRef::Decimal128(decimal) => of_decimal(decimal),
        _ => return json(value),
    })
}

fn of_real(real: f64) -> Owned {
    if real.is_nan() { Owned::Null } else { Owned::Real(real.to_bits()) }
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`; outside the years 0 to 9999 the number of milliseconds.
fn datetime(at: bson::DateTime) -> Owned {
    let ms = at.timestamp_millis();
    let text =
        at.try_to_rfc3339_string().ok().filter(|text| text.len() >= 20 && text.ends_with('Z'));
    let Some(text) = text.filter(|_| (-62_167_219_200_000..=253_402_300_799_999).contains(&ms))
    else {
        return Owned::Integer(ms);
    };
    Owned::Text(format!("{}.{:03}Z", &text[..19], ms.rem_euclid(1_000)))
}

/// A double where it has at most 15 digits and none is lost, else its text.
fn of_decimal(decimal: Decimal128) -> Owned {
    let text = decimal.to_string();
    match text.as_str() {
        "NaN" => return Owned::Null,
        "Infinity" => return of_real(f64::INFINITY),
        "-Infinity" => return of_real(f64::NEG_INFINITY),
        _ => {}
    }
    let (coefficient, _) = text.split_once('E').unwrap_or((&text, ""));
    let digits: String = coefficient.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0').trim_end_matches('0');
    let real: f64 = text.parse().expect("a number");
    if digits.is_empty() || (digits.len() <= 15 && real.is_normal()) {
        of_real(real)
    } else {
        Owned::Text(text)
    }
}

/// A decimal's text as a whole number of `10^-scale`, where it is one; else the text.
fn of_scaled(text: &str, scale: u8) -> Owned {
    match text {
        "NaN" => return Owned::Null,
        "Infinity" | "inf" => return of_real(f64::INFINITY),
        "-Infinity" | "-inf" => return of_real(f64::NEG_INFINITY),
        _ => {}
    }
    let (coefficient, exponent) = text.split_once('E').unwrap_or((text, "0"));
    let (whole, fraction) = coefficient.split_once('.').unwrap_or((coefficient, ""));
    let exponent: i64 = exponent.parse().expect("an exponent");
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut digits = format!("{whole}{fraction}").trim_start_matches('0').to_owned();
    if digits.is_empty() {
        return Owned::Integer(0);
    }
    let fraction = i64::try_from(fraction.len()).expect("short");
    let mut shift = exponent - fraction + i64::from(scale);
    while shift < 0 && digits.ends_with('0') {
        digits.pop();
        shift += 1;
    }
    let fits = (0..=20).contains(&shift);
    digits.extend((0..shift.clamp(0, 20)).map(|_| '0'));
    match format!("{sign}{digits}").parse() {
        Ok(units) if fits => Owned::Integer(units),
        _ => Owned::Text(text.to_owned()),
    }
}

fn json(value: RawBsonRef<'_>) -> Wanted {
    relaxed(value, 0).map_or(Wanted::AnyJson, Wanted::Json)
}
