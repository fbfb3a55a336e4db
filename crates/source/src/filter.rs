//! A table's filter, evaluated on raw documents with MongoDB's own rules, for sources without a
//! server: a path goes through arrays of documents, an array matches if it or an element of it
//! does, values of different kinds never compare, null also means a missing field.

use std::cmp::Ordering;

use model::{Comparison, Filter, FilterValue, Path, Timestamp};

use crate::decimal::Decimal;
use crate::raw::{Elements, Malformed, Value, find};

/// Whether `document` passes `filter`; `now` is what `now-400d` counts from.
///
/// # Errors
/// If the document is malformed where the filter looks.
pub(crate) fn matches(filter: &Filter, document: &[u8], now: Timestamp) -> Result<bool, Malformed> {
    Ok(match filter {
        Filter::And(all) => {
            for one in all {
                if !matches(one, document, now)? {
                    return Ok(false);
                }
            }
            true
        }
        Filter::Or(any) => {
            for one in any {
                if matches(one, document, now)? {
                    return Ok(true);
                }
            }
            false
        }
        Filter::Not(inner) => !matches(inner, document, now)?,
        Filter::Compare(path, Comparison::Ne, value) => {
            !compare(path, Comparison::Eq, value, document, now)?
        }
        Filter::Compare(path, comparison, value) => {
            compare(path, *comparison, value, document, now)?
        }
        Filter::In(path, values) => {
            for value in values {
                if compare(path, Comparison::Eq, value, document, now)? {
                    return Ok(true);
                }
            }
            false
        }
        Filter::Exists(path, wanted) => {
            any_value(document, path.segments(), false, &mut |value| value.is_some())? == *wanted
        }
    })
}

fn compare(
    path: &Path,
    comparison: Comparison,
    value: &FilterValue,
    document: &[u8],
    now: Timestamp,
) -> Result<bool, Malformed> {
    any_value(document, path.segments(), true, &mut |found| holds(found, comparison, value, now))
}

/// Whether `test` holds for a value at `path`: MongoDB's `ElementPath`. `None` is a missing field.
/// With `into_leaf`, an array at the end of the path gives its elements and itself.
fn any_value<'a>(
    document: &'a [u8],
    path: &[String],
    into_leaf: bool,
    test: &mut impl FnMut(Option<Value<'a>>) -> bool,
) -> Result<bool, Malformed> {
    let Some((name, below)) = path.split_first() else { return Ok(false) };
    let found = find(document, |e| (e.name == name.as_bytes()).then_some(e.value))?;
    match found {
        Some(Value::Array(array)) if !below.is_empty() => in_array(array, below, into_leaf, test),
        Some(Value::Document(inner)) if !below.is_empty() => {
            any_value(inner, below, into_leaf, test)
        }
        _ if !below.is_empty() => Ok(test(None)),
        Some(Value::Array(array)) if into_leaf => {
            for element in Elements::new(array)? {
                if test(Some(element?.value)) {
                    return Ok(true);
                }
            }
            Ok(test(found))
        }
        found => Ok(test(found)),
    }
}

/// An array in the middle of a path: its documents are looked into, and a number is a position.
fn in_array<'a>(
    array: &'a [u8],
    path: &[String],
    into_leaf: bool,
    test: &mut impl FnMut(Option<Value<'a>>) -> bool,
) -> Result<bool, Malformed> {
    for element in Elements::new(array)? {
        let element = element?;
        if let Value::Document(document) = element.value
            && any_value(document, path, into_leaf, test)?
        {
            return Ok(true);
        }
        let Some((position, below)) = path.split_first() else { continue };
        if element.name != position.as_bytes() {
            continue;
        }
        let found = match (element.value, below) {
            (value, []) => test(Some(value)),
            (Value::Document(document), below) => any_value(document, below, into_leaf, test)?,
            (Value::Array(inner), below) => in_array(inner, below, into_leaf, test)?,
            _ => false,
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds(
    found: Option<Value<'_>>,
    comparison: Comparison,
    value: &FilterValue,
    now: Timestamp,
) -> bool {
    let order = match (found.unwrap_or(Value::Null), value) {
        (Value::Null | Value::Undefined, FilterValue::Null) => {
            return matches!(comparison, Comparison::Eq | Comparison::Gte | Comparison::Lte);
        }
        (Value::Boolean(found), FilterValue::Bool(value)) => found.cmp(value),
        (Value::String(found) | Value::Symbol(found), FilterValue::Text(value)) => {
            found.cmp(value.as_bytes())
        }
        (Value::ObjectId(found), FilterValue::ObjectId(value)) => found.cmp(value),
        (Value::DateTime(found), FilterValue::Date(value)) => found.cmp(value),
        (Value::DateTime(found), FilterValue::DateFromNow(offset)) => {
            found.cmp(&now.0.saturating_add(*offset))
        }
        (found, FilterValue::Integer(_) | FilterValue::Real(_)) => {
            let (Some(found), Some(value)) = (Number::of(&found), Number::of_filter(value)) else {
                return false;
            };
            if found.is_nan() || value.is_nan() {
                return found.is_nan()
                    && value.is_nan()
                    && matches!(comparison, Comparison::Eq | Comparison::Gte | Comparison::Lte);
            }
            found.order(&value)
        }
        _ => return false,
    };
    match comparison {
        Comparison::Eq => order.is_eq(),
        Comparison::Ne => order.is_ne(),
        Comparison::Gt => order.is_gt(),
        Comparison::Gte => order.is_ge(),
        Comparison::Lt => order.is_lt(),
        Comparison::Lte => order.is_le(),
    }
}

/// A number of any of MongoDB's four numeric types, which compare by value.
#[derive(Clone, Copy)]
enum Number {
    Integer(i64),
    Real(f64),
    Decimal(Decimal),
}

impl Number {
    fn of(value: &Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Int32(integer) => Number::Integer(i64::from(*integer)),
            Value::Int64(integer) => Number::Integer(*integer),
            Value::Double(double) => Number::Real(*double),
            Value::Decimal128(bytes) => Number::Decimal(Decimal::from_bytes(bytes)),
            _ => return None,
        })
    }

    fn of_filter(value: &FilterValue) -> Option<Self> {
        match value {
            FilterValue::Integer(integer) => Some(Number::Integer(*integer)),
            FilterValue::Real(real) => Some(Number::Real(*real)),
            _ => None,
        }
    }

    fn is_nan(self) -> bool {
        matches!(self, Number::Decimal(Decimal::NaN))
            || matches!(self, Number::Real(real) if real.is_nan())
    }

    /// The order of two numbers that are not NaN.
    fn order(&self, other: &Number) -> Ordering {
        match (*self, *other) {
            (Number::Integer(a), Number::Integer(b)) => a.cmp(&b),
            (Number::Real(a), Number::Real(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Number::Integer(a), Number::Real(b)) => integer_to_real(a, b),
            (Number::Real(a), Number::Integer(b)) => integer_to_real(b, a).reverse(),
            (a, b) => a.digits().order(&b.digits()),
        }
    }

    /// The exact value as decimal digits.
    fn digits(self) -> Digits {
        match self {
            Number::Integer(integer) => Digits::of(&integer.to_string(), 0),
            // A double's expansion ends after 1074 places at most (2^-1074).
            Number::Real(real) if real.is_finite() => Digits::of(&format!("{real:.1074}"), 0),
            Number::Real(real) => Digits::infinite(real < 0.0),
            Number::Decimal(Decimal::Finite { negative, coefficient, exponent }) => {
                let sign = if negative { "-" } else { "" };
                Digits::of(&format!("{sign}{coefficient}"), exponent)
            }
            Number::Decimal(Decimal::Infinity { negative }) => Digits::infinite(negative),
            Number::Decimal(Decimal::NaN) => Digits::of("0", 0),
        }
    }
}

/// Compares without rounding: doubles of 2^63 and more are beyond every integer.
fn integer_to_real(integer: i64, real: f64) -> Ordering {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if real >= BEYOND {
        Ordering::Less
    } else if real < -BEYOND {
        Ordering::Greater
    } else {
        // In range, so truncation is exact; the fraction decides between equals.
        let whole = real.trunc() as i64;
        integer.cmp(&whole).then_with(|| 0.0_f64.total_cmp(&(real.fract() + 0.0)))
    }
}

/// `0.digits * 10^point` with a sign; digits without zeros at either end.
struct Digits {
    negative: bool,
    infinite: bool,
    point: i32,
    digits: String,
}

impl Digits {
    fn of(text: &str, exponent: i32) -> Self {
        let unsigned = text.trim_start_matches('-');
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all = format!("{whole}{fraction}");
        let leading = all.len() - all.trim_start_matches('0').len();
        // Lengths are below 1,500.
        let point = i32::try_from(whole.len()).unwrap_or(0) - i32::try_from(leading).unwrap_or(0);
        let digits = all.trim_matches('0').to_owned();
        let negative = text.starts_with('-') && !digits.is_empty();
        let point = if digits.is_empty() { 0 } else { point + exponent };
        Digits { negative, infinite: false, point, digits }
    }

    fn infinite(negative: bool) -> Self {
        Digits { negative, infinite: true, point: 0, digits: String::new() }
    }

    fn order(&self, other: &Digits) -> Ordering {
        let sign = |d: &Digits| match (d.negative, d.infinite || !d.digits.is_empty()) {
            (_, false) => 0,
            (true, true) => -1,
            (false, true) => 1,
        };
        let magnitude = (self.infinite, self.point, &self.digits).cmp(&(
            other.infinite,
            other.point,
            &other.digits,
        ));
        sign(self).cmp(&sign(other)).then_with(|| match self.negative {
            true => magnitude.reverse(),
            false => magnitude,
        })
    }
}

#[cfg(test)]
mod tests {
    use bson::{Bson, Decimal128, doc};

    use super::*;

    fn compare(value: impl Into<Bson>, comparison: Comparison, with: FilterValue) -> bool {
        let document = doc! {"v": value.into()}.to_vec().unwrap();
        let filter = Filter::Compare(Path::parse("v").unwrap(), comparison, with);
        matches(&filter, &document, Timestamp(1000)).unwrap()
    }

    #[test]
    fn numbers_of_all_types_compare_by_value() {
        use FilterValue::{Integer, Real};
        let decimal = |text: &str| Bson::from(text.parse::<Decimal128>().unwrap());
        assert!(compare(5, Comparison::Eq, Real(5.0)));
        assert!(compare(5.0, Comparison::Eq, Integer(5)));
        assert!(compare(5.5, Comparison::Gt, Integer(5)));
        assert!(compare(-5.5, Comparison::Lt, Integer(-5)));
        assert!(compare((1i64 << 53) + 1, Comparison::Gt, Real((1i64 << 53) as f64)));
        assert!(compare(i64::MAX, Comparison::Lt, Real(9_223_372_036_854_775_808.0)));
        assert!(compare(decimal("5.0"), Comparison::Eq, Integer(5)));
        assert!(compare(decimal("0.1"), Comparison::Lt, Real(0.1)));
        assert!(compare(decimal("-0"), Comparison::Eq, Integer(0)));
        assert!(compare(decimal("-10"), Comparison::Lt, Integer(-9)));
        assert!(compare(decimal("Infinity"), Comparison::Gt, Integer(i64::MAX)));
        assert!(compare(decimal("1E-6000"), Comparison::Gt, Real(0.0)));
        assert!(!compare(f64::NAN, Comparison::Lt, Integer(5)));
        assert!(compare(f64::NAN, Comparison::Gte, Real(f64::NAN)));
        assert!(!compare("5", Comparison::Eq, Integer(5)));
        assert!(compare(Bson::Null, Comparison::Lte, FilterValue::Null));
        assert!(compare(vec![1, 7], Comparison::Eq, Integer(7)));
        let date = bson::DateTime::from_millis(900);
        assert!(compare(date, Comparison::Gte, FilterValue::DateFromNow(-100)));
        assert!(!compare(date, Comparison::Gte, FilterValue::DateFromNow(-99)));
    }

    #[test]
    fn arrays_on_the_way_and_missing_fields() {
        let exists = |document: bson::Document, path: &str| {
            let filter = Filter::Exists(Path::parse(path).unwrap(), true);
            matches(&filter, &document.to_vec().unwrap(), Timestamp(0)).unwrap()
        };
        let null = |document: bson::Document, path: &str| {
            let path = Path::parse(path).unwrap();
            let filter = Filter::Compare(path, Comparison::Eq, FilterValue::Null);
            matches(&filter, &document.to_vec().unwrap(), Timestamp(0)).unwrap()
        };
        assert!(exists(doc! {"a": [1, {"b": 1}]}, "a.b"));
        assert!(exists(doc! {"a": [[], 5]}, "a.1"));
        assert!(!exists(doc! {"a": [1]}, "a.b"));
        assert!(null(doc! {"a": 5}, "a.b"));
        assert!(!null(doc! {"a": []}, "a.b"));
        assert!(null(doc! {"a": [{}, {"b": 1}]}, "a.b"));
        assert!(!null(doc! {"a": []}, "a"));
    }
}
