//! Which field names the tenant: as the operator says, or guessed from names and values.

use std::collections::BTreeMap;

use model::{Error, ErrorCode, Path, TenantKeyType};

use super::distinct::Distinct;
use super::naming::{is_reference, speaks_of, tenant_rank};
use super::observe::{Field, Fields};
use crate::raw::Kind;

/// The tenant key and how it was found.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) key: Path,
    pub(super) key_type: TenantKeyType,
    /// For people: why this one.
    pub(super) how: String,
    /// The collection whose `_id`s are the tenants.
    pub(super) list: Option<String>,
    values: Distinct,
}

/// A path that may be the tenant key, over all collections.
#[derive(Debug)]
struct Candidate {
    path: Path,
    collections: Vec<String>,
    documents: u64,
    present: u64,
    rank: Option<usize>,
    reference: bool,
    types: [u64; 4],
    values: Distinct,
}

const TYPES: [TenantKeyType; 4] =
    [TenantKeyType::String, TenantKeyType::ObjectId, TenantKeyType::Int, TenantKeyType::Uuid];

/// Values per key type, in the order of [`TYPES`].
fn types(field: &Field) -> [u64; 4] {
    let ints = field.count(Kind::Int32) + field.count(Kind::Int64);
    [field.count(Kind::String), field.count(Kind::ObjectId), ints, field.uuids]
}

/// Values that are keys of that type.
pub(super) fn keys_of_type(field: &Field, key_type: TenantKeyType) -> u64 {
    TYPES.iter().zip(types(field)).find(|(t, _)| **t == key_type).map_or(0, |(_, count)| count)
}

/// Chooses the tenant key: `wanted`, or the likeliest.
pub(super) fn choose(
    collections: &BTreeMap<String, Fields>,
    wanted: Option<&Path>,
) -> Result<Chosen, Error> {
    let filled = collections.values().filter(|fields| fields.documents > 0).count();
    if filled == 0 {
        return Err(refusal("the source has no documents from which to infer a catalog"));
    }
    let candidates = match wanted {
        Some(path) => {
            let mut found = BTreeMap::new();
            for (name, fields) in collections {
                if let Some(field) = fields.at(path.segments()) {
                    add(&mut found, path.clone(), name, fields.documents, field);
                }
            }
            found.into_values().collect::<Vec<_>>()
        }
        None => candidates(collections),
    };
    let chosen = match wanted {
        Some(_) => candidates.first(),
        None => guess(&candidates, filled),
    };
    let Some(chosen) = chosen else { return Err(none_found(&candidates, wanted, filled)) };
    let others: Vec<String> = candidates
        .iter()
        .filter(|other| other.path != chosen.path && other.rank.is_some())
        .map(|other| format!("{} (in {})", other.path, other.collections.len()))
        .take(5)
        .collect();
    let (best, _) = TYPES
        .iter()
        .zip(chosen.types)
        .fold((TYPES[0], 0), |best, (t, count)| if count > best.1 { (*t, count) } else { best });
    let mut how = format!(
        "{} {}: in {} of {filled} collections, {}, about {} distinct values",
        chosen.path,
        if wanted.is_some() { "as asked for" } else { "was guessed" },
        chosen.collections.len(),
        super::notes::share(chosen.present, chosen.documents),
        chosen.values.count(),
    );
    if !others.is_empty() {
        how.push_str(&format!("; also possible: {}", others.join(", ")));
    }
    let list = list(collections, chosen, best);
    let values = chosen.values.clone();
    Ok(Chosen { key: chosen.path.clone(), key_type: best, how, list, values })
}

/// Every field of one or two names that may be a key, with what is known of it.
fn candidates(collections: &BTreeMap<String, Fields>) -> Vec<Candidate> {
    let mut found = BTreeMap::new();
    for (collection, fields) in collections {
        for (name, field) in fields.in_order() {
            if name != "_id" {
                let path = Path::from_segments(vec![name.to_owned()]);
                add(&mut found, path, collection, fields.documents, field);
            }
            for (inner, field) in field.fields.iter().flat_map(|fields| fields.in_order()) {
                let path = Path::from_segments(vec![name.to_owned(), inner.to_owned()]);
                add(&mut found, path, collection, fields.documents, field);
            }
        }
    }
    found.into_values().collect()
}

fn add(
    found: &mut BTreeMap<Path, Candidate>,
    path: Path,
    collection: &str,
    documents: u64,
    field: &Field,
) {
    let types = types(field);
    let present = types.iter().sum::<u64>();
    let Some(distinct) = &field.distinct else { return };
    // In most documents, or it cannot be what names their tenant.
    if present * 2 < documents || documents == 0 || Path::parse(&path.to_string()).is_none() {
        return;
    }
    let last = path.segments().last().map_or("", String::as_str);
    let rank = [tenant_rank(last), tenant_rank(&path.to_string())].into_iter().flatten().min();
    let reference = is_reference(last);
    let candidate = found.entry(path.clone()).or_insert_with(|| Candidate {
        path,
        collections: Vec::new(),
        documents: 0,
        present: 0,
        rank,
        reference,
        types: [0; 4],
        values: Distinct::default(),
    });
    candidate.collections.push(collection.to_owned());
    candidate.documents += documents;
    candidate.present += present;
    candidate.types.iter_mut().zip(types).for_each(|(sum, count)| *sum += count);
    candidate.values.merge(distinct);
}

/// A name that speaks of tenants, in about as many collections as any such; without one, the only
/// reference that all collections share.
fn guess(candidates: &[Candidate], filled: usize) -> Option<&Candidate> {
    let named = || candidates.iter().filter(|candidate| candidate.rank.is_some());
    let most = named().map(|candidate| candidate.collections.len()).max().unwrap_or(0);
    let likely = named()
        .filter(|candidate| candidate.collections.len() * 5 >= most * 4 && most * 2 >= filled)
        .min_by_key(|candidate| {
            let depth = candidate.path.segments().len();
            (candidate.rank, usize::MAX - candidate.collections.len(), depth)
        });
    if likely.is_some() {
        return likely;
    }
    let mut shared = candidates.iter().filter(|candidate| {
        candidate.reference
            && filled > 1
            && candidate.collections.len() == filled
            && candidate.values.count() * 2 <= candidate.documents
    });
    shared.next().filter(|_| shared.next().is_none())
}

/// The collection whose `_id`s are the tenant key's values.
fn list(
    collections: &BTreeMap<String, Fields>,
    chosen: &Candidate,
    key_type: TenantKeyType,
) -> Option<String> {
    let key = chosen.path.to_string();
    let last = chosen.path.segments().last().map_or("", String::as_str);
    collections
        .iter()
        .filter_map(|(name, fields)| {
            let id = fields.get("_id").filter(|id| keys_of_type(id, key_type) * 2 >= id.present)?;
            let percent = chosen.values.percent_within(id.distinct.as_ref()?);
            let named = speaks_of(name, &key) || speaks_of(name, last);
            // Small whole numbers are among anybody's: there the name must agree.
            let enough = if named { 50 } else { 90 };
            let telling = named || key_type != TenantKeyType::Int;
            (telling && percent >= enough).then_some((named, percent, name))
        })
        .max_by_key(|(named, percent, _)| (*named, *percent))
        .map(|(_, _, name)| name.clone())
}

impl Candidate {
    fn may_be_key(&self) -> bool {
        self.rank.is_some() || self.reference
    }
}

impl Chosen {
    /// A field of a collection without the tenant key whose values are tenants' keys all the same.
    pub(super) fn disguised(&self, fields: &Fields) -> Option<(Path, u64)> {
        let mut found = BTreeMap::new();
        for (name, field) in fields.in_order() {
            add(
                &mut found,
                Path::from_segments(vec![name.to_owned()]),
                "",
                fields.documents,
                field,
            );
            for (inner, field) in field.fields.iter().flat_map(|fields| fields.in_order()) {
                let path = Path::from_segments(vec![name.to_owned(), inner.to_owned()]);
                add(&mut found, path, "", fields.documents, field);
            }
        }
        let scored = found.into_values().filter(|_| self.key_type != TenantKeyType::Int);
        scored
            .map(|candidate| (candidate.values.percent_within(&self.values), candidate))
            .filter(|(percent, _)| *percent >= 90)
            .max_by(|(a, left), (b, right)| a.cmp(b).then_with(|| right.path.cmp(&left.path)))
            .map(|(percent, candidate)| (candidate.path, percent))
    }
}

fn none_found(candidates: &[Candidate], wanted: Option<&Path>, filled: usize) -> Error {
    if let Some(wanted) = wanted {
        return refusal(&format!(
            "no collection has {wanted} as a string, ObjectId, whole number or UUID in most of its \
             documents; name another field as the tenant key"
        ));
    }
    let mut seen: Vec<&Candidate> = candidates.iter().filter(|c| c.may_be_key()).collect();
    seen.sort_by_key(|candidate| usize::MAX - candidate.collections.len());
    let seen: Vec<String> = seen
        .iter()
        .take(8)
        .map(|c| format!("{} (in {} of {filled})", c.path, c.collections.len()))
        .collect();
    let seen = if seen.is_empty() { "none".to_owned() } else { seen.join(", ") };
    refusal(&format!(
        "no field names the tenant in most collections for sure, so nothing was inferred. Say which \
         one does: litevisor catalog infer --tenant-key FIELD. Fields that might: {seen}"
    ))
}

fn refusal(message: &str) -> Error {
    Error::new(ErrorCode::RequestInvalid, message)
}
