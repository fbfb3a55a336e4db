//! Elements of a document or array, one after another, borrowed from its bytes.

use super::{Kind, Malformed, document_at, malformed};

/// A field: its name and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Element<'a> {
    /// The name's bytes, without the 0; not necessarily UTF-8.
    pub name: &'a [u8],
    /// The value.
    pub value: Value<'a>,
}

/// A value, borrowed. Texts are bytes here: BSON asks for UTF-8, servers do not enforce it, and
/// only who uses a text pays for checking it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// 64-bit binary floating point.
    Double(f64),
    /// Text.
    String(&'a [u8]),
    /// An embedded document, with its length in front.
    Document(&'a [u8]),
    /// An array, laid out like a document with names "0", "1", …
    Array(&'a [u8]),
    /// Bytes with a subtype.
    Binary(Binary<'a>),
    /// Deprecated.
    Undefined,
    /// Twelve bytes.
    ObjectId(&'a [u8; 12]),
    /// true or false.
    Boolean(bool),
    /// Milliseconds since 1970.
    DateTime(i64),
    /// null.
    Null,
    /// A regular expression.
    Regex(Regex<'a>),
    /// Deprecated: a namespace and an ObjectId.
    DbPointer(DbPointer<'a>),
    /// JavaScript.
    Code(&'a [u8]),
    /// Deprecated.
    Symbol(&'a [u8]),
    /// Deprecated: JavaScript and the document that is its scope.
    CodeWithScope(&'a [u8], &'a [u8]),
    /// 32-bit integer.
    Int32(i32),
    /// Seconds since 1970 and an increment.
    Timestamp(u32, u32),
    /// 64-bit integer.
    Int64(i64),
    /// 128-bit decimal floating point: its bytes as stored.
    Decimal128(&'a [u8; 16]),
    /// Compares below everything.
    MinKey,
    /// Compares above everything.
    MaxKey,
}

/// Bytes with a subtype. The inner length of the deprecated subtype 2 is already taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binary<'a> {
    /// 4 is a UUID, 3 one in a driver's own byte order.
    pub subtype: u8,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// A regular expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regex<'a> {
    /// Its pattern.
    pub pattern: &'a [u8],
    /// Its options, sorted by whoever wrote it.
    pub options: &'a [u8],
}

/// A namespace and an ObjectId.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DbPointer<'a> {
    /// `database.collection`.
    pub namespace: &'a [u8],
    /// The `_id` pointed to.
    pub id: &'a [u8; 12],
}

impl Value<'_> {
    /// Its type.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Double(_) => Kind::Double,
            Value::String(_) => Kind::String,
            Value::Document(_) => Kind::Document,
            Value::Array(_) => Kind::Array,
            Value::Binary(_) => Kind::Binary,
            Value::Undefined => Kind::Undefined,
            Value::ObjectId(_) => Kind::ObjectId,
            Value::Boolean(_) => Kind::Boolean,
            Value::DateTime(_) => Kind::DateTime,
            Value::Null => Kind::Null,
            Value::Regex(_) => Kind::Regex,
            Value::DbPointer(_) => Kind::DbPointer,
            Value::Code(_) => Kind::Code,
            Value::Symbol(_) => Kind::Symbol,
            Value::CodeWithScope(..) => Kind::CodeWithScope,
            Value::Int32(_) => Kind::Int32,
            Value::Timestamp(..) => Kind::Timestamp,
            Value::Int64(_) => Kind::Int64,
            Value::Decimal128(_) => Kind::Decimal128,
            Value::MinKey => Kind::MinKey,
            Value::MaxKey => Kind::MaxKey,
        }
    }
}

/// The elements of a document or array. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Elements<'a> {
    /// The elements of `document`, which has its length in front.
    ///
    /// # Errors
    /// If the length is not that of `document` or the last byte is not 0.
    pub fn new(document: &'a [u8]) -> Result<Self, Malformed> {
        let bytes = document_at(document, 0)?;
        if bytes.len() != document.len() {
            return malformed("bytes follow the document", bytes.len());
        }
        Ok(Elements { bytes, at: 4 })
    }

    /// Where the next element starts, in bytes from the document's start.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Whether no element is left.
    #[inline]
    pub(crate) fn is_at_end(&self) -> bool {
        self.at + 1 >= self.bytes.len()
    }

    /// The bytes from the next element's name on, without the document's own end, which does not end
    /// a name; only where one is left.
    #[inline]
    pub(crate) fn name_onwards(&self) -> &'a [u8] {
        &self.bytes[self.at + 1..self.bytes.len() - 1]
    }

    /// The next element's value, of which the caller knows that its name and 0 take `name_bytes`;
    /// returns the name. Values are read into place: handing them up through results costs the
    /// hot path more than reading them.
    #[inline(always)]
    pub(crate) fn take_named(
        &mut self,
        name_bytes: usize,
        value: &mut Value<'a>,
    ) -> Result<&'a [u8], Malformed> {
        let start = self.at;
        let name = self.name_onwards();
        self.at += 1 + name_bytes;
        self.value(self.bytes[start], start, value)?;
        Ok(&name[..name_bytes - 1])
    }

    /// The next element's value, into place; returns its name.
    pub(crate) fn take_next(&mut self, value: &mut Value<'a>) -> Result<&'a [u8], Malformed> {
        let start = self.at;
        let kind = self.bytes[start];
        if kind == 0 {
            return malformed("a document ends before its length says", start);
        }
        self.at += 1;
        let name = self.c_string()?;
        self.value(kind, start, value)?;
        Ok(name)
    }

    #[inline(always)]
    fn value(&mut self, kind: u8, start: usize, out: &mut Value<'a>) -> Result<(), Malformed> {
        match kind {
            0x10 => *out = Value::Int32(i32::from_le_bytes(*self.chunk()?)),
            0x12 => *out = Value::Int64(i64::from_le_bytes(*self.chunk()?)),
            0x01 => *out = Value::Double(f64::from_le_bytes(*self.chunk()?)),
            0x02 => *out = Value::String(self.string()?),
            0x03 => *out = Value::Document(self.document()?),
            0x04 => *out = Value::Array(self.document()?),
            0x07 => *out = Value::ObjectId(self.chunk()?),
            0x08 => match self.chunk::<1>()? {
                [0] => *out = Value::Boolean(false),
                [1] => *out = Value::Boolean(true),
                _ => return malformed("a boolean is neither 0 nor 1", self.at - 1),
            },
            0x09 => *out = Value::DateTime(i64::from_le_bytes(*self.chunk()?)),
            0x0a => *out = Value::Null,
            0x13 => *out = Value::Decimal128(self.chunk()?),
            _ => *out = self.rare_value(kind, start)?,
        }
        Ok(())
    }

    #[cold]
    fn rare_value(&mut self, kind: u8, start: usize) -> Result<Value<'a>, Malformed> {
        Ok(match Kind::from_byte(kind) {
            Some(Kind::Binary) => Value::Binary(self.binary()?),
            Some(Kind::Undefined) => Value::Undefined,
            Some(Kind::Regex) => {
                Value::Regex(Regex { pattern: self.c_string()?, options: self.c_string()? })
            }
            Some(Kind::DbPointer) => {
                Value::DbPointer(DbPointer { namespace: self.string()?, id: self.chunk()? })
            }
            Some(Kind::Code) => Value::Code(self.string()?),
            Some(Kind::Symbol) => Value::Symbol(self.string()?),
            Some(Kind::CodeWithScope) => {
                let at = self.at;
                let length = self.length()?;
                let value = Value::CodeWithScope(self.string()?, self.document()?);
                if self.at - at != length {
                    return malformed("code with scope has a wrong length", at);
                }
                value
            }
            Some(Kind::Timestamp) => {
                let increment = u32::from_le_bytes(*self.chunk()?);
                Value::Timestamp(u32::from_le_bytes(*self.chunk()?), increment)
            }
            Some(Kind::MinKey) => Value::MinKey,
            Some(Kind::MaxKey) => Value::MaxKey,
            _ => return malformed("an element of unknown type", start),
        })
    }

    #[inline]
    fn chunk<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        // The document's last byte is its own end and no value's, so it must remain.
        match self.bytes[self.at..].split_first_chunk::<N>() {
            Some((chunk, rest)) if !rest.is_empty() => {
                self.at += N;
                Ok(chunk)
            }
            _ => malformed("a value is cut off", self.at),
        }
    }

    #[inline]
    fn slice(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.saturating_add(length);
        if end >= self.bytes.len() {
            return malformed("a value is cut off", self.at);
        }
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn length(&mut self) -> Result<usize, Malformed> {
        let at = self.at;
        let length = i32::from_le_bytes(*self.chunk()?);
        usize::try_from(length).or_else(|_| malformed("a length is negative", at))
    }

    #[inline]
    fn string(&mut self) -> Result<&'a [u8], Malformed> {
        let at = self.at;
        let length = self.length()?;
        match self.slice(length)?.split_last() {
            Some((0, text)) => Ok(text),
            _ => malformed("a string does not end with 0", at),
        }
    }

    #[inline]
    fn c_string(&mut self) -> Result<&'a [u8], Malformed> {
        let rest = &self.bytes[self.at..];
        match rest.iter().position(|byte| *byte == 0) {
            // The document's own end does not end a name.
            Some(end) if end + 1 < rest.len() => {
                self.at += end + 1;
                Ok(&rest[..end])
            }
            _ => malformed("a name does not end", self.at),
        }
    }

    #[inline]
    fn document(&mut self) -> Result<&'a [u8], Malformed> {
        let document = document_at(self.bytes, self.at)?;
        self.slice(document.len())
    }

    fn binary(&mut self) -> Result<Binary<'a>, Malformed> {
        let at = self.at;
        let length = self.length()?;
        let [subtype] = *self.chunk()?;
        let mut bytes = self.slice(length)?;
        if subtype == 2 {
            match bytes.split_first_chunk::<4>() {
                Some((inner, rest))
                    if usize::try_from(i32::from_le_bytes(*inner)) == Ok(rest.len()) =>
                {
                    bytes = rest;
                }
                _ => return malformed("an old binary has a wrong inner length", at),
            }
        }
        Ok(Binary { subtype, bytes })
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at + 1 >= self.bytes.len() {
            return None;
        }
        let mut value = Value::Null;
        let element = self.take_next(&mut value).map(|name| Element { name, value });
        if element.is_err() {
            self.at = self.bytes.len();
        }
        Some(element)
    }
}
