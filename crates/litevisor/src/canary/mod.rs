//! Isolation that proves itself: a decoy tenant's documents hold values that are nobody else's, and
//! every result of another tenant is searched for them on its way out.

mod decoys;

use std::sync::Arc;

use aho_corasick::AhoCorasick;
use model::{Cell, Error, TenantId, TenantKeyType};
use tokio_util::sync::CancellationToken;

pub(crate) use self::decoys::planting_script;
use crate::config::CanaryConfig;
use crate::telemetry::Metrics;

/// What is searched for.
pub(crate) struct Canary {
    tenant: String,
    search: AhoCorasick,
    /// Bytes of the shortest value, and of the longest.
    shortest: usize,
    longest: usize,
    metrics: Arc<Metrics>,
}

impl Canary {
    /// As configured.
    ///
    /// # Errors
    /// The decoy's id is not of the catalog's kind.
    pub(crate) fn new(
        config: &CanaryConfig,
        key_type: TenantKeyType,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, String> {
        let told = |error: &dyn std::fmt::Display| format!("[canary] tenant: {error}");
        TenantId::parse(&config.tenant, key_type).map_err(|error| told(&error))?;
        let lengths = || config.values.iter().map(String::len);
        Ok(Arc::new(Canary {
            tenant: config.tenant.clone(),
            search: AhoCorasick::new(&config.values).map_err(|error| error.to_string())?,
            shortest: lengths().min().unwrap_or(usize::MAX),
            longest: lengths().max().unwrap_or(0),
            metrics,
        }))
    }

    /// Watches one result of `tenant`; none for the decoy itself. `hit` is cancelled if there is
    /// one, so that the connection that it was for is not used again.
    pub(crate) fn watch(
        self: &Arc<Self>,
        tenant: &TenantId,
        hit: CancellationToken,
    ) -> Option<Watch> {
        (tenant.as_str() != self.tenant).then(|| Watch {
            canary: Arc::clone(self),
            tenant: tenant.clone(),
            hit,
            tail: Vec::new(),
        })
    }
}

/// The watch over one result.
pub(crate) struct Watch {
    canary: Arc<Canary>,
    tenant: TenantId,
    hit: CancellationToken,
    /// The end of the bytes before, where a value may have begun.
    tail: Vec<u8>,
}

impl Watch {
    /// Looks at a row's texts and blobs, before anything of it is encoded.
    ///
    /// # Errors
    /// `internal` if one of them holds a canary.
    pub(crate) fn row(&self, cells: &[Cell<'_>]) -> Result<(), Error> {
        for cell in cells {
            let bytes = match cell {
                Cell::Text(text) => text.as_bytes(),
                Cell::Blob(bytes) => bytes,
                Cell::Null | Cell::Integer(_) | Cell::Real(_) => continue,
            };
            if bytes.len() >= self.canary.shortest {
                self.look(bytes)?;
            }
        }
        Ok(())
    }

    /// Looks at the next piece of a stream of bytes; a value may lie across two of them.
    ///
    /// # Errors
    /// `internal` if a canary ends in it.
    pub(crate) fn piece(&mut self, piece: &[u8]) -> Result<(), Error> {
        let overlap = self.canary.longest.saturating_sub(1);
        let start = piece.get(..overlap).unwrap_or(piece);
        self.tail.extend_from_slice(start);
        self.look(&self.tail)?;
        self.look(piece)?;
        let end = if piece.len() >= overlap { piece } else { &self.tail };
        self.tail = end.get(end.len().saturating_sub(overlap)..).unwrap_or_default().to_vec();
        Ok(())
    }

    fn look(&self, bytes: &[u8]) -> Result<(), Error> {
        let Some(found) = self.canary.search.find(bytes) else { return Ok(()) };
        let number = found.pattern().as_usize();
        self.hit.cancel();
        self.canary.metrics.canary_seen();
        // Never the value: only its number in the list.
        tracing::error!(
            "tenant.id" = self.tenant.as_str(),
            decoy = self.canary.tenant,
            number,
            "a result holds a canary of another tenant; it was cut (docs/canary.md)"
        );
        Err(Error::internal(format!("the result holds the decoy's canary number {number}")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALUES: [&str; 2] = ["cnry-0123456789abcdef", "cnry-fedcba9876543210-long"];

    fn canary() -> (Arc<Canary>, Arc<Metrics>) {
        let metrics = Arc::new(Metrics::new());
        let config =
            CanaryConfig { tenant: "decoy".into(), values: VALUES.map(str::to_owned).into() };
        (Canary::new(&config, TenantKeyType::String, Arc::clone(&metrics)).expect("built"), metrics)
    }

    fn watch(tenant: &str) -> Option<(Watch, CancellationToken)> {
        let hit = CancellationToken::new();
        let tenant = TenantId::parse(tenant, TenantKeyType::String).expect("a tenant");
        Some((canary().0.watch(&tenant, hit.clone())?, hit))
    }

    #[test]
    fn it_is_found_wherever_it_stands_and_the_decoy_may_see_it() {
        let (watch, hit) = watch("acme").expect("watched");
        let near = VALUES[0].replace('f', "F");
        let none =
            [Cell::Text(&near), Cell::Text(""), Cell::Null, Cell::Integer(7), Cell::Real(0.5)];
        assert!(watch.row(&none).is_ok() && !hit.is_cancelled());
        for value in VALUES {
            let within = format!("{{\"note\":\"{value}\"}}");
            for cell in [Cell::Text(value), Cell::Text(&within), Cell::Blob(within.as_bytes())] {
                let error = watch.row(&[Cell::Null, cell]).expect_err("seen");
                assert_eq!(error.code, model::ErrorCode::Internal);
                assert!(!format!("{error:?}").contains(value), "{error:?}");
            }
        }
        assert!(hit.is_cancelled());
        assert!(super::tests::watch("decoy").is_none());
    }

    proptest! {
        #[test]
        fn a_stream_is_searched_across_its_pieces(
            before in 0usize..200, after in 0usize..200, which in 0usize..2,
            cuts in prop::collection::vec(1usize..60, 1..20), there in any::<bool>(),
        ) {
            let value = if there { VALUES[which].to_owned() } else { VALUES[which].replace('9', "8") };
            let bytes = ["x".repeat(before), value, "y".repeat(after)].concat();
            let (mut watch, _) = watch("acme").expect("watched");
            let (mut rest, mut cuts, mut seen) = (bytes.as_bytes(), cuts.iter().cycle(), false);
            while !rest.is_empty() {
                let (piece, left) = rest.split_at(rest.len().min(*cuts.next().expect("endless")));
                seen |= watch.piece(piece).is_err();
                rest = left;
            }
            prop_assert_eq!(seen, there);
        }
    }
}
