//! Building raw BSON documents field by field, for generated data.
//! Format: <https://bsonspec.org/spec.html>.

use model::Timestamp;

/// Builds one document after another in the same buffer. Inside an array the names given are
/// ignored: elements are numbered.
#[derive(Clone, Debug, Default)]
pub struct DocumentBuilder {
    bytes: Vec<u8>,
    open: Vec<Level>,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    /// Where the length goes once it is known.
    start: usize,
    /// The next element's number, in an array.
    next: Option<u32>,
}

impl DocumentBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        DocumentBuilder::default()
    }

    /// Starts a document, forgetting the one before.
    pub fn begin(&mut self) -> &mut Self {
        self.bytes.clear();
        self.open.clear();
        self.level(None);
        self
    }

    /// The finished document; levels still open are ended.
    pub fn finish(&mut self) -> &[u8] {
        while !self.open.is_empty() {
            self.end();
        }
        &self.bytes
    }

    fn level(&mut self, next: Option<u32>) {
        self.open.push(Level { start: self.bytes.len(), next });
        self.bytes.extend_from_slice(&[0; 4]);
    }

    fn name(&mut self, kind: u8, name: &str) {
        self.bytes.push(kind);
        match self.open.last_mut() {
            Some(Level { next: Some(next), .. }) => {
                self.bytes.extend_from_slice(next.to_string().as_bytes());
                *next += 1;
            }
            // A name ends at its first NUL: what stands behind one cannot be written.
            _ => self.bytes.extend(name.bytes().take_while(|byte| *byte != 0)),
        }
        self.bytes.push(0);
    }

    fn field(&mut self, kind: u8, name: &str, value: &[u8]) -> &mut Self {
        self.name(kind, name);
        self.bytes.extend_from_slice(value);
        self
    }

    /// A string.
    pub fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.name(0x02, name);
        self.length(text.len() + 1);
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
        self
    }

    /// A 32-bit integer.
    pub fn int32(&mut self, name: &str, value: i32) -> &mut Self {
        self.field(0x10, name, &value.to_le_bytes())
    }

    /// A 64-bit integer.
    pub fn int64(&mut self, name: &str, value: i64) -> &mut Self {
        self.field(0x12, name, &value.to_le_bytes())
    }

    /// A double.
    pub fn double(&mut self, name: &str, value: f64) -> &mut Self {
        self.field(0x01, name, &value.to_le_bytes())
    }

    /// A boolean.
    pub fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        self.field(0x08, name, &[u8::from(value)])
    }

    /// Null.
    pub fn null(&mut self, name: &str) -> &mut Self {
        self.field(0x0a, name, &[])
    }

    /// A point in time.
    pub fn datetime(&mut self, name: &str, at: Timestamp) -> &mut Self {
        self.field(0x09, name, &at.0.to_le_bytes())
    }

    /// An ObjectId.
    pub fn object_id(&mut self, name: &str, id: [u8; 12]) -> &mut Self {
        self.field(0x07, name, &id)
    }

    /// A UUID (binary subtype 4).
    pub fn uuid(&mut self, name: &str, id: u128) -> &mut Self {
        self.name(0x05, name);
        self.length(16);
        self.bytes.push(4);
        self.bytes.extend_from_slice(&id.to_be_bytes());
        self
    }

    /// A Decimal128 of `units * 10^-scale`, in the binary integer form of IEEE 754-2008.
    pub fn decimal(&mut self, name: &str, units: i64, scale: u8) -> &mut Self {
        const BIAS: u128 = 6176;
        let sign = u128::from(units < 0) << 127;
        let exponent = (BIAS - u128::from(scale)) << 113;
        let value = sign | exponent | u128::from(units.unsigned_abs());
        self.field(0x13, name, &value.to_le_bytes())
    }

    /// Opens a document within.
    pub fn begin_document(&mut self, name: &str) -> &mut Self {
        self.name(0x03, name);
        self.level(None);
        self
    }

    /// Opens an array.
    pub fn begin_array(&mut self, name: &str) -> &mut Self {
        self.name(0x04, name);
        self.level(Some(0));
        self
    }

    /// Ends the innermost document or array.
    pub fn end(&mut self) -> &mut Self {
        if let Some(Level { start, .. }) = self.open.pop() {
            self.bytes.push(0);
            let length = bson_length(self.bytes.len() - start);
            self.bytes[start..start + 4].copy_from_slice(&length);
        }
        self
    }

    fn length(&mut self, length: usize) {
        self.bytes.extend_from_slice(&bson_length(length));
    }
}

/// A length as BSON has it. Beyond 2 GiB it is cut, and the writer refuses the document.
fn bson_length(length: usize) -> [u8; 4] {
    i32::try_from(length).unwrap_or(i32::MAX).to_le_bytes()
}
