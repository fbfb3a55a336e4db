//! Memory accounts: bytes charged against a cap and, beneath it, against every parent's cap
//! (query -> tenant -> process). Charging never blocks; whoever is refused decides what to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::limits::INSTANCE_BUDGET_PERCENT;

/// What a cap bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// Temp files and private scratch of one query.
    QueryTemp,
    /// SQLite's heap of one query.
    QueryHeap,
    /// What all queries of one tenant hold.
    TenantQueries,
    /// What all queries hold.
    Queries,
    /// One tenant's image, or what passes through its load.
    Instance,
    /// Everything.
    Budget,
}

/// A capped count of bytes. Cheap to share; a charge is given back by [`Account::release`] or,
/// better, by dropping its [`Charge`].
#[derive(Debug)]
pub struct Account {
    used: AtomicU64,
    limit: AtomicU64,
    cap: Cap,
    parent: Option<Arc<Account>>,
}

impl Account {
    /// An account without parent that holds at most `limit` bytes.
    pub fn root(limit: u64) -> Arc<Self> {
        let (used, limit) = (AtomicU64::new(0), AtomicU64::new(limit));
        Arc::new(Account { used, limit, cap: Cap::Budget, parent: None })
    }

    /// An instance's account, whose every byte is charged to `parent` as well.
    pub fn child(parent: &Arc<Account>, limit: u64) -> Arc<Self> {
        Account::share(parent, Cap::Instance, limit)
    }

    /// The same for `cap`.
    pub fn share(parent: &Arc<Account>, cap: Cap, limit: u64) -> Arc<Self> {
        Arc::new(Account {
            used: AtomicU64::new(0),
            limit: AtomicU64::new(limit),
            cap,
            parent: Some(Arc::clone(parent)),
        })
    }

    /// The account that every byte is charged to as well.
    pub fn parent(&self) -> Option<&Arc<Account>> {
        self.parent.as_ref()
    }

    /// Charges `bytes` here and to every parent, or to none of them.
    #[must_use]
    pub fn try_charge(&self, bytes: u64) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= limit);
        if self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err() {
            return false;
        }
        if self.parent.as_ref().is_some_and(|parent| !parent.try_charge(bytes)) {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// Gives `bytes` back here and to every parent.
    pub fn release(&self, bytes: u64) {
        let before = self.used.fetch_sub(bytes, Ordering::Relaxed);
        debug_assert!(before >= bytes, "released more than was charged");
        if let Some(parent) = &self.parent {
            parent.release(bytes);
        }
    }

    /// Charges `bytes` until the returned guard is dropped; `None` if some cap refuses.
    pub fn charge(self: &Arc<Self>, bytes: u64) -> Option<Charge> {
        self.try_charge(bytes).then(|| Charge { account: Arc::clone(self), bytes })
    }

    /// Bytes charged now.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// The cap in bytes.
    pub fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Whether the parent holds so little besides this account and `passing` that an instance could
    /// take its whole share: if the parent refuses then, these two are too much by themselves.
    pub fn is_alone(&self, passing: &Account) -> bool {
        let Some(parent) = &self.parent else { return true };
        let mine = || self.used().saturating_add(passing.used());
        // Others charge meanwhile: what was mine before or after the look is nobody else's.
        let (before, all) = (mine(), parent.used());
        let others = all.saturating_sub(before.max(mine()));
        others <= parent.limit() / 100 * (100 - INSTANCE_BUDGET_PERCENT)
    }

    /// The nearest account, this one or above, whose cap would refuse `bytes` more: the topmost, if
    /// meanwhile none would.
    pub fn refuser(&self, bytes: u64) -> &Account {
        let mut account = self;
        while let Some(parent) = &account.parent {
            if account.own_cap_refuses(bytes) {
                break;
            }
            account = parent;
        }
        account
    }

    /// What its cap bounds.
    pub fn cap(&self) -> Cap {
        self.cap
    }

    /// Whether it is this account's own cap, not a parent's, that would refuse `bytes` more.
    pub fn own_cap_refuses(&self, bytes: u64) -> bool {
        self.used().saturating_add(bytes) > self.limit()
    }
}

/// The leak check: whoever charges an account keeps it alive, so that nothing may be charged when it
/// goes. In all tests, since they are debug builds.
impl Drop for Account {
    fn drop(&mut self) {
        let left = *self.used.get_mut();
        debug_assert!(left == 0 || std::thread::panicking(), "{left} bytes of {:?} leak", self.cap);
    }
}

/// Bytes charged to an account, given back on drop.
#[derive(Debug)]
pub struct Charge {
    account: Arc<Account>,
    bytes: u64,
}

impl Charge {
    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes `more` bytes on top; `false` and unchanged if some cap refuses.
    #[must_use]
    pub fn grow(&mut self, more: u64) -> bool {
        let ok = self.account.try_charge(more);
        if ok {
            self.bytes += more;
        }
        ok
    }

    /// Gives back all but `bytes`.
    pub fn shrink_to(&mut self, bytes: u64) {
        let give = self.bytes.saturating_sub(bytes);
        self.account.release(give);
        self.bytes -= give;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.release(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parents_cap_refuses_and_nothing_is_kept() {
        let root = Account::root(100);
        let child = Account::child(&root, 80);
        let first = child.charge(70).expect("fits");
        assert!(child.charge(11).is_none(), "own cap");
        let other = Account::child(&root, 80);
        assert!(other.charge(31).is_none(), "parent's cap");
        assert_eq!((root.used(), child.used(), other.used()), (70, 70, 0));
        drop(first);
        assert_eq!((root.used(), child.used()), (0, 0));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "3 bytes of Instance leak")]
    fn what_is_never_given_back_is_told() {
        let root = Account::root(100);
        let child = Account::child(&root, 80);
        assert!(child.try_charge(3));
        drop(child);
    }

    #[test]
    fn who_refused() {
        let root = Account::root(100);
        let tenant = Account::share(&root, Cap::TenantQueries, 50);
        let query = Account::share(&tenant, Cap::QueryTemp, 30);
        assert_eq!(query.refuser(31).cap(), Cap::QueryTemp);
        let _other = tenant.charge(40).expect("fits");
        assert_eq!(query.refuser(11).cap(), Cap::TenantQueries);
        let _all = root.charge(55).expect("fits");
        assert_eq!(query.refuser(10).cap(), Cap::Budget);
    }

    #[test]
    fn who_is_alone() {
        let root = Account::root(100);
        let (own, passing) = (Account::child(&root, 80), Account::child(&root, u64::MAX));
        let _own = own.charge(60).expect("fits");
        let _passing = passing.charge(20).expect("fits");
        let mut others = root.charge(20).expect("fits");
        assert!(own.is_alone(&passing), "a fifth is nobody's to fill");
        others.shrink_to(0);
        let held = passing.charge(20).expect("fits");
        assert!(own.is_alone(&passing), "its own does not stand in its way");
        drop((held, _passing));
        assert!(others.grow(21));
        assert!(!own.is_alone(&passing));
        assert!(root.is_alone(&passing), "without a parent nobody can be");
    }

    #[test]
    fn grow_and_shrink() {
        let root = Account::root(100);
        let mut charge = root.charge(10).expect("fits");
        assert!(charge.grow(90));
        assert!(!charge.grow(1));
        charge.shrink_to(5);
        assert_eq!(root.used(), 5);
        drop(charge);
        assert_eq!(root.used(), 0);
    }
}
