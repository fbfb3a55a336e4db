//! What the server is asked: tenant filter, table filter, projection.

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Document, doc};
use model::{Catalog, Comparison, Filter, FilterValue, Path, TenantId, Timestamp};

use crate::ScanSpec;
use crate::decode::exclusion;
use crate::key::TenantKey;

/// The documents of a scan: the tenant's own, by a value of the type declared, that pass the
/// table's filter. (Documents whose key merely compares equal, as 42.0 with 42, come too; the
/// decoder leaves them out and counts them.)
pub(super) fn selection(spec: &ScanSpec, key: Option<&TenantKey>, now: Timestamp) -> Document {
    let tenant = spec
        .tenant_key
        .as_ref()
        .zip(key)
        .map(|(path, key)| doc! {path.to_string(): {"$eq": key_value(key)}});
    let filter = spec.filter.as_ref().map(|filter| condition(filter, now));
    match (tenant, filter) {
        (Some(tenant), Some(filter)) => doc! {"$and": [tenant, filter]},
        (one, other) => one.or(other).unwrap_or_default(),
    }
}

/// The key of `tenant` as the server compares it; `None` if the id is not canonical.
pub(super) fn tenant_key(catalog: &Catalog, tenant: &TenantId) -> Option<TenantKey> {
    TenantKey::of_tenant(tenant, catalog.tenant_key_type)
}

/// A tenant key as a BSON value.
pub(super) fn key_value(key: &TenantKey) -> Bson {
    match key {
        TenantKey::String(text) => Bson::String(String::from_utf8_lossy(text).into_owned()),
        TenantKey::ObjectId(id) => ObjectId::from_bytes(*id).into(),
        TenantKey::Int(int) => Bson::Int64(*int),
        TenantKey::Uuid(uuid) => {
            Binary { subtype: BinarySubtype::Uuid, bytes: uuid.to_vec() }.into()
        }
    }
}

fn condition(filter: &Filter, now: Timestamp) -> Document {
    let all = |filters: &[Filter]| -> Vec<Bson> {
        filters.iter().map(|filter| condition(filter, now).into()).collect()
    };
    match filter {
        Filter::And(filters) if filters.is_empty() => doc! {},
        Filter::And(filters) => doc! {"$and": all(filters)},
        Filter::Or(filters) if filters.is_empty() => doc! {"$nor": [{}]},
        Filter::Or(filters) => doc! {"$or": all(filters)},
        Filter::Not(filter) => doc! {"$nor": [condition(filter, now)]},
        Filter::Compare(path, comparison, value) => {
            doc! {path.to_string(): {operator(*comparison): filter_value(value, now)}}
        }
        Filter::In(path, values) => {
            let values: Vec<Bson> = values.iter().map(|value| filter_value(value, now)).collect();
            doc! {path.to_string(): {"$in": values}}
        }
        Filter::Exists(path, wanted) => doc! {path.to_string(): {"$exists": *wanted}},
    }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "$eq",
        Comparison::Ne => "$ne",
        Comparison::Gt => "$gt",
        Comparison::Gte => "$gte",
        Comparison::Lt => "$lt",
        Comparison::Lte => "$lte",
    }
}

fn filter_value(value: &FilterValue, now: Timestamp) -> Bson {
    match value {
        FilterValue::Null => Bson::Null,
        FilterValue::Bool(boolean) => Bson::Boolean(*boolean),
        FilterValue::Integer(integer) => Bson::Int64(*integer),
        FilterValue::Real(real) => Bson::Double(*real),
        FilterValue::Text(text) => Bson::String(text.clone()),
        FilterValue::ObjectId(id) => ObjectId::from_bytes(*id).into(),
        FilterValue::Date(ms) => DateTime::from_millis(*ms).into(),
        FilterValue::DateFromNow(offset) => {
            DateTime::from_millis(now.0.saturating_add(*offset)).into()
        }
    }
}

/// The excluded fields, left out by the server so that they never travel. No other projection is
/// made: leaving out half of a small document costs the server more than it saves (DESIGN §3).
/// An exclusion that covers the tenant key stays with the decoder, which must see the key.
pub(super) fn projection(catalog: &Catalog, tenant_key: Option<&Path>) -> Option<Document> {
    let paths: Vec<&[String]> = catalog.exclude.iter().map(exclusion).collect();
    let covers = |outer: &[String], inner: &[String]| inner.starts_with(outer);
    let chosen = paths.iter().enumerate().filter(|(number, path)| {
        let covered = paths.iter().enumerate().any(|(other, outer)| {
            covers(outer, path) && (outer.len() < path.len() || other < *number)
        });
        let key = tenant_key.is_some_and(|key| covers(path, key.segments()));
        let operator_like = path.iter().any(|segment| segment.starts_with('$'));
        !covered && !key && !operator_like && !path.is_empty()
    });
    let projection: Document = chosen.map(|(_, path)| (path.join("."), Bson::Int32(0))).collect();
    (!projection.is_empty()).then_some(projection)
}
