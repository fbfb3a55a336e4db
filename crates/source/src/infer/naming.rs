//! Names: from field names to names that SQL takes without quotes, and what field names tell.

use std::collections::HashSet;

/// SQLite's keywords that cannot name a table or a column without quotes (tried one by one, SQLite
/// 3.40: <https://www.sqlite.org/lang_keywords.html> lists all, of which most are accepted).
const KEYWORDS: &[&str] = &[
    "add",
    "all",
    "alter",
    "and",
    "as",
    "autoincrement",
    "between",
    "case",
    "cast",
    "check",
    "collate",
    "commit",
    "constraint",
    "create",
    "current_date",
    "current_time",
    "current_timestamp",
    "default",
    "deferrable",
    "delete",
    "distinct",
    "drop",
    "else",
    "escape",
    "except",
    "exists",
    "foreign",
    "from",
    "group",
    "having",
    "in",
    "index",
    "insert",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "limit",
    "not",
    "nothing",
    "notnull",
    "null",
    "on",
    "or",
    "order",
    "primary",
    "raise",
    "references",
    "returning",
    "select",
    "set",
    "table",
    "then",
    "to",
    "transaction",
    "union",
    "unique",
    "update",
    "using",
    "values",
    "when",
    "where",
];

/// Names of fields that may name the tenant, likeliest first, without case and separators; each
/// also counts with `id`, `key` or `ref` behind it.
const TENANT_WORDS: &[&str] = &[
    "tenant",
    "customer",
    "organization",
    "organisation",
    "org",
    "account",
    "company",
    "client",
    "workspace",
    "merchant",
    "business",
    "subscriber",
    "shop",
    "store",
    "school",
    "clinic",
    "team",
];

/// Words in a field's name that make it look secret.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "hash",
    "salt",
    "ssn",
    "iban",
    "cvv",
    "cvc",
    "pin",
    "otp",
    "credential",
    "mnemonic",
    "jwt",
    "bic",
];

/// Parts of a name, without case and separators, that make it look secret.
const SECRET_PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "signingkey",
    "encryptionkey",
    "licensekey",
    "licencekey",
    "credential",
    "creditcard",
    "cardnumber",
    "bankaccount",
    "accountnumber",
    "socialsecurity",
    "taxid",
    "passport",
    "sessionid",
];

/// Whether a field of that name should not reach tenants unless the operator says so.
pub(super) fn looks_secret(name: &str) -> bool {
    let snake = snake_case(name);
    let squeezed = squeeze(name);
    let word = |word: &str| {
        SECRET_WORDS.contains(&word)
            || word.strip_suffix('s').is_some_and(|word| SECRET_WORDS.contains(&word))
            || word.strip_suffix("es").is_some_and(|word| SECRET_WORDS.contains(&word))
    };
    snake.split('_').any(word) || SECRET_PARTS.iter().any(|part| squeezed.contains(part))
}

/// Whether the name says that the field refers to another document.
pub(super) fn is_reference(name: &str) -> bool {
    name != "_id" && snake_case(name).split('_').next_back().is_some_and(|word| word == "id")
}

/// How likely a field of that name is the tenant key: 0 is likeliest.
pub(super) fn tenant_rank(name: &str) -> Option<usize> {
    let squeezed = squeeze(name);
    let stem = ["id", "key", "ref"].iter().find_map(|end| squeezed.strip_suffix(end));
    TENANT_WORDS.iter().position(|word| *word == squeezed || Some(*word) == stem)
}

/// Whether a collection's name and a key's name speak of the same thing: `customers`, `customerId`.
pub(super) fn speaks_of(collection: &str, key: &str) -> bool {
    let (collection, key) = (singular(&squeeze(collection)), squeeze(key));
    let stem = ["id", "key", "ref"].iter().find_map(|end| key.strip_suffix(end));
    collection == key || Some(collection.as_str()) == stem
}

/// Without case and separators.
fn squeeze(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `createdAt`, `IPAddress`, `Order-No.` as `created_at`, `ip_address`, `order_no`.
pub(super) fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let before = i.checked_sub(1).and_then(|i| chars.get(i));
        let starts_word = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && chars.get(i + 1).is_some_and(|c| c.is_lowercase()))
            });
        if starts_word && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// `devices` as `device`, `supplies` as `supply`: English, and the word itself where in doubt.
pub(super) fn singular(word: &str) -> String {
    let cut = |bytes: usize| word[..word.len() - bytes].to_owned();
    let ends = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    if ends(&["series", "species", "news", "ss", "us", "is"]) || word.len() < 3 {
        word.to_owned()
    } else if ends(&["movies", "cookies"]) {
        cut(1)
    } else if ends(&["ies"]) {
        cut(3) + "y"
    } else if ends(&["sses", "xes", "zes", "ches", "shes", "tuses", "nuses", "ruses", "buses"]) {
        cut(2)
    } else if ends(&["s"]) {
        cut(1)
    } else {
        word.to_owned()
    }
}

/// Hands out names that are unique as SQLite compares them.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// A name made of `words`: no keyword, no reserved name, and not handed out before; a clash
    /// gets `_2`, `_3` and so on.
    pub(super) fn take(&mut self, words: &[&str]) -> String {
        let words: Vec<String> =
            words.iter().map(|word| snake_case(word)).filter(|word| !word.is_empty()).collect();
        let mut name = words.join("_");
        // Names have at most 128 bytes; leave room for what may be added.
        while name.len() > 100 {
            name.pop();
        }
        if name.is_empty() {
            name.push_str("field");
        }
        if name.starts_with(|c: char| c.is_numeric()) || name.starts_with("sqlite_") {
            name.insert_str(0, "n_");
        }
        if KEYWORDS.contains(&name.as_str()) {
            name.push('_');
        }
        let mut candidate = name.clone();
        let mut number = 2;
        while !self.0.insert(candidate.to_ascii_lowercase()) {
            candidate = format!("{}_{number}", name.trim_end_matches('_'));
            number += 1;
        }
        candidate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_for_sql() {
        let cases: &[(&[&str], &str)] = &[
            (&["_id"], "id"),
            (&["ID"], "id_2"),
            (&["createdAt"], "created_at"),
            (&["created_at"], "created_at_2"),
            (&["location", "city"], "location_city"),
            (&["IPAddress"], "ip_address"),
            (&["order"], "order_"),
            (&["Order"], "order_2"),
            (&["2024"], "n_2024"),
            (&["größe"], "größe"),
            (&["$$"], "field"),
            (&["sqliteSequence"], "n_sqlite_sequence"),
            (&["a.b c/d"], "a_b_c_d"),
            (&["iso9001Audit"], "iso9001_audit"),
        ];
        let mut names = Names::default();
        for (words, expected) in cases {
            assert_eq!(names.take(words), *expected);
        }
    }

    #[test]
    fn singulars() {
        let cases = [
            ("devices", "device"),
            ("supplies", "supply"),
            ("addresses", "address"),
            ("statuses", "status"),
            ("batches", "batch"),
            ("status", "status"),
            ("series", "series"),
            ("cases", "case"),
            ("meter_reads", "meter_read"),
            ("data", "data"),
        ];
        for (plural, expected) in cases {
            assert_eq!(singular(plural), expected);
        }
    }

    #[test]
    fn secrets_and_keys_by_name() {
        for name in [
            "password",
            "passwordHash",
            "api_key",
            "apiKey",
            "accessToken",
            "secrets",
            "SSN",
            "iban",
            "userpassword",
            "hash",
            "creditCardNumber",
            "tokens",
            "hashes",
            "pin",
        ] {
            assert!(looks_secret(name), "{name}");
        }
        for name in ["serial", "spinning", "shipping", "customerId", "keyboard", "asset", "hashtag"]
        {
            assert!(!looks_secret(name), "{name}");
        }
        for name in ["tenantId", "tenant", "customer_id", "CustomerID", "org", "accountKey"] {
            assert!(tenant_rank(name).is_some(), "{name}");
        }
        for name in ["deviceId", "id", "storefront", "teammate"] {
            assert!(tenant_rank(name).is_none(), "{name}");
        }
        assert!(is_reference("deviceId") && is_reference("site_id") && !is_reference("paid"));
        assert!(speaks_of("customers", "customerId") && !speaks_of("devices", "customerId"));
    }
}
