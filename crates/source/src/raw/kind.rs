//! BSON's types by their bytes and MongoDB's names for them.

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $variant:ident = $byte:literal, $name:literal;)*) => {
        /// A BSON type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Kind { $($(#[doc = $doc])* $variant,)* }

        impl Kind {
            /// Every type, in the order of their numbers in counts.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant),*];
            /// How many there are.
            pub const COUNT: usize = Kind::ALL.len();

            /// The type that `byte` stands for.
            pub fn from_byte(byte: u8) -> Option<Kind> {
                match byte { $($byte => Some(Kind::$variant),)* _ => None }
            }

            /// The byte in front of an element of this type.
            pub fn byte(self) -> u8 {
                match self { $(Kind::$variant => $byte),* }
            }

            /// MongoDB's alias, as `$type` takes it.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name),* }
            }
        }
    };
}

kinds! {
    /// 64-bit binary floating point.
    Double = 0x01, "double";
    /// UTF-8.
    String = 0x02, "string";
    /// An embedded document.
    Document = 0x03, "object";
    /// An array.
    Array = 0x04, "array";
    /// Bytes with a subtype.
    Binary = 0x05, "binData";
    /// Deprecated.
    Undefined = 0x06, "undefined";
    /// Twelve bytes.
    ObjectId = 0x07, "objectId";
    /// true or false.
    Boolean = 0x08, "bool";
    /// Milliseconds since 1970.
    DateTime = 0x09, "date";
    /// null.
    Null = 0x0a, "null";
    /// A regular expression.
    Regex = 0x0b, "regex";
    /// Deprecated: a namespace and an ObjectId.
    DbPointer = 0x0c, "dbPointer";
    /// JavaScript.
    Code = 0x0d, "javascript";
    /// Deprecated.
    Symbol = 0x0e, "symbol";
    /// Deprecated: JavaScript with a scope.
    CodeWithScope = 0x0f, "javascriptWithScope";
    /// 32-bit integer.
    Int32 = 0x10, "int";
    /// MongoDB's internal time: seconds and an increment.
    Timestamp = 0x11, "timestamp";
    /// 64-bit integer.
    Int64 = 0x12, "long";
    /// 128-bit decimal floating point.
    Decimal128 = 0x13, "decimal";
    /// Compares below everything.
    MinKey = 0xff, "minKey";
    /// Compares above everything.
    MaxKey = 0x7f, "maxKey";
}
