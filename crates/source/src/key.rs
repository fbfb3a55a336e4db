//! A tenant's key as it stands in documents.

use model::{TenantId, TenantKeyType};

use crate::raw::Value;

/// A tenant key's value, of the one type that the catalog declares.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TenantKey {
    String(Box<[u8]>),
    ObjectId([u8; 12]),
    Int(i64),
    Uuid([u8; 16]),
}

/// Whose document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// This tenant's.
    Own,
    /// Another tenant's.
    Stranger,
    /// Its key is of another type than the catalog declares: nobody's.
    OtherType,
}

impl TenantKey {
    /// The key that `tenant` has in documents. A tenant id is canonical for its type, so `None`
    /// means an id that was checked for another catalog.
    pub(crate) fn of_tenant(tenant: &TenantId, key_type: TenantKeyType) -> Option<Self> {
        let text = tenant.as_str();
        Some(match key_type {
            TenantKeyType::String => TenantKey::String(text.as_bytes().into()),
            TenantKeyType::ObjectId => TenantKey::ObjectId(parse_hex(text)?),
            TenantKeyType::Int => TenantKey::Int(text.parse().ok()?),
            TenantKeyType::Uuid => TenantKey::Uuid(parse_hex(&text.replace('-', ""))?),
        })
    }

    /// The key that `value` is, if it is of the type declared.
    pub(crate) fn of_value(value: &Value<'_>, key_type: TenantKeyType) -> Option<Self> {
        match (key_type, *value) {
            (TenantKeyType::String, Value::String(text)) => Some(TenantKey::String(text.into())),
            (TenantKeyType::ObjectId, Value::ObjectId(id)) => Some(TenantKey::ObjectId(*id)),
            (TenantKeyType::Int, Value::Int32(int)) => Some(TenantKey::Int(int.into())),
            (TenantKeyType::Int, Value::Int64(int)) => Some(TenantKey::Int(int)),
            (TenantKeyType::Uuid, Value::Binary(binary)) if binary.subtype == 4 => {
                binary.bytes.try_into().ok().map(TenantKey::Uuid)
            }
            _ => None,
        }
    }

    /// Whose document it is that has `value` as its tenant key.
    #[inline]
    pub(crate) fn owner(&self, value: &Value<'_>) -> Owner {
        let own = match (self, value) {
            (TenantKey::String(own), Value::String(text)) => **own == **text,
            (TenantKey::ObjectId(own), Value::ObjectId(id)) => own == *id,
            (TenantKey::Int(own), Value::Int32(int)) => *own == i64::from(*int),
            (TenantKey::Int(own), Value::Int64(int)) => own == int,
            (TenantKey::Uuid(own), Value::Binary(binary))
                if binary.subtype == 4 && binary.bytes.len() == 16 =>
            {
                own == binary.bytes
            }
            _ => return Owner::OtherType,
        };
        if own { Owner::Own } else { Owner::Stranger }
    }
}

/// The bytes that `text` writes in hex, if they are exactly `N`.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        let digit =
            |at: usize| char::from(pair[at]).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Some(bytes)
}
