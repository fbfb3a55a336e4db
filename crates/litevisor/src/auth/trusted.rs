//! Principals named by a proxy in front, in headers that only its addresses may send.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::HeaderName;
use model::limits::{KEY_NAME_BYTES_MAX, TRUSTED_TENANTS_MAX};

use super::rule::{Principal, Role, Tenants};

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peers {
    /// IPv4 addresses as IPv6 has them.
    network: u128,
    mask: u128,
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Peers {
    /// Reads a range; `None` if it is none, or if its address has bits beyond its prefix.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().ok()?;
        let (width, before) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let prefix: u32 = match prefix {
            None => width,
            Some(digits) => {
                digits.parse().ok().filter(|prefix: &u32| prefix.to_string() == digits)?
            }
        };
        let fixed = (prefix <= width).then_some(before + prefix)?;
        let mask = u128::MAX.checked_shl(128 - fixed).unwrap_or(0);
        let network = bits(address);
        (network & mask == network).then_some(Peers { network, mask })
    }

    fn contain(self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.network
    }
}

/// Which headers say what, and who may send them.
#[derive(Clone, Debug)]
pub struct TrustedHeaders {
    /// The proxies.
    pub peers: Vec<Peers>,
    /// The principal's name.
    pub name: HeaderName,
    /// Ids of tenants, percent-encoded and separated by commas; `*` for all.
    pub tenants: HeaderName,
    /// The role's word; without the header `viewer`.
    pub role: HeaderName,
}

/// Why such headers name nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untrusted {
    /// The connection comes from elsewhere.
    Peer,
    /// A header is missing.
    Missing,
    /// A header is ill-formed or there more than once.
    Malformed,
}

impl TrustedHeaders {
    /// Whom the headers name. From an address that is none of the proxies' they are refused, not
    /// overlooked: whoever sends them tries something, or a proxy is not configured.
    pub(super) fn principal(
        &self,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Result<Principal, Untrusted> {
        if !peer.is_some_and(|peer| self.peers.iter().any(|peers| peers.contain(peer))) {
            return Err(Untrusted::Peer);
        }
        let name = single(headers, &self.name)?.ok_or(Untrusted::Missing)?;
        if name.is_empty() || name.len() > KEY_NAME_BYTES_MAX {
            return Err(Untrusted::Malformed);
        }
        let tenants = single(headers, &self.tenants)?.ok_or(Untrusted::Missing)?;
        let role = match single(headers, &self.role)? {
            None => Role::Viewer,
            Some(word) => Role::from_name(word).ok_or(Untrusted::Malformed)?,
        };
        let tenants = tenants_of(tenants)?;
        Ok(Principal { name: name.to_owned(), tenants, role, expires: None })
    }
}

/// A header's value, if it is there. Twice is a proxy that adds its own to what a caller sent.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Untrusted> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            value.to_str().map(|text| Some(text.trim())).map_err(|_| Untrusted::Malformed)
        }
        _ => Err(Untrusted::Malformed),
    }
}

fn tenants_of(text: &str) -> Result<Tenants, Untrusted> {
    if text == "*" {
        return Ok(Tenants::All);
    }
    let mut ids = BTreeSet::new();
    for raw in text.split(',').map(str::trim).filter(|raw| !raw.is_empty()) {
        if ids.len() == TRUSTED_TENANTS_MAX {
            return Err(Untrusted::Malformed);
        }
        ids.insert(decode(raw).ok_or(Untrusted::Malformed)?);
    }
    Ok(Tenants::List(ids))
}

/// Percent-decoding; a lone `*` as an id has to be written `%2A`.
fn decode(raw: &str) -> Option<String> {
    if raw == "*" {
        return None;
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = rest.get(2..)?;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_say() {
        let table = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("0.0.0.0/0", "200.1.1.1", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "1.2.3.4", true),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false),
            ("127.0.0.1/32", "127.0.0.1", true),
        ];
        for (range, address, within) in table {
            let peers = Peers::parse(range).expect(range);
            assert_eq!(
                peers.contain(address.parse().expect("an address")),
                within,
                "{range} {address}"
            );
        }
        for bad in
            ["", "10.0.0.0/33", "10.0.0.1/8", "fd00::/129", "10.0.0.0/08", "10.0.0.0/+8", "x"]
        {
            assert_eq!(Peers::parse(bad), None, "{bad}");
        }
    }

    fn trusted() -> TrustedHeaders {
        TrustedHeaders {
            peers: vec![Peers::parse("10.0.0.0/8").expect("a range")],
            name: HeaderName::from_static("x-user"),
            tenants: HeaderName::from_static("x-tenants"),
            role: HeaderName::from_static("x-role"),
        }
    }

    fn ask(fields: &[(&'static str, &str)], peer: &str) -> Result<Principal, Untrusted> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().expect("a value"));
        }
        trusted().principal(&headers, peer.parse().ok())
    }

    #[test]
    fn headers_name_a_principal() {
        let fields = [("x-user", "ann"), ("x-tenants", "acme, a%40b,%2A"), ("x-role", "owner")];
        let found = ask(&fields, "10.0.0.7").expect("trusted");
        let ids = ["acme", "a@b", "*"].map(str::to_owned);
        assert_eq!(found.tenants, Tenants::List(BTreeSet::from(ids)));
        assert_eq!((found.name.as_str(), found.role), ("ann", Role::Owner));
        let all = ask(&[("x-user", "ann"), ("x-tenants", "*")], "10.0.0.7").expect("trusted");
        assert_eq!((all.tenants, all.role), (Tenants::All, Role::Viewer));
    }

    #[test]
    fn others_name_nobody() {
        let good = [("x-user", "ann"), ("x-tenants", "acme")];
        assert_eq!(ask(&good, "11.0.0.1"), Err(Untrusted::Peer));
        assert_eq!(ask(&good, "nowhere"), Err(Untrusted::Peer));
        assert_eq!(ask(&good[..1], "10.0.0.1"), Err(Untrusted::Missing));
        assert_eq!(ask(&good[1..], "10.0.0.1"), Err(Untrusted::Missing));
        for more in
            [("x-user", "bob"), ("x-tenants", "tiny"), ("x-role", "king"), ("x-role", "Owner")]
        {
            let fields = [good[0], good[1], more];
            assert_eq!(ask(&fields, "10.0.0.1"), Err(Untrusted::Malformed), "{more:?}");
        }
        for tenants in ["acme,*", "%4", "%zz", "%+1", "%ff"] {
            let fields = [good[0], ("x-tenants", tenants)];
            assert_eq!(ask(&fields, "10.0.0.1"), Err(Untrusted::Malformed), "{tenants}");
        }
    }
}
