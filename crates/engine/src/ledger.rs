//! On whose behalf this thread runs SQLite: who pays for temp files opened and for heap taken
//! meanwhile, and whether a payer refused.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::sync::Arc;

use model::Account;

use crate::callback;
use crate::heap::{self, Purse};
use crate::image::Refusal;

thread_local! {
    static PAYER: RefCell<Option<Arc<Account>>> = const { RefCell::new(None) };
    static REFUSED: Cell<Option<Refusal>> = const { Cell::new(None) };
}

/// While it lives, an account and a purse pay. Nests.
pub(crate) struct Paying {
    before: Option<Arc<Account>>,
    _heap: heap::Paying,
    not_send: PhantomData<*const ()>,
}

/// Lets `account` pay for temp files and `purse` for SQLite's heap from now on, and forgets earlier
/// refusals and panics.
pub(crate) fn pay(account: &Arc<Account>, purse: Arc<Purse>) -> Paying {
    REFUSED.set(None);
    heap::forget();
    callback::panicked();
    let before = PAYER.replace(Some(Arc::clone(account)));
    Paying { before, _heap: heap::paying(purse), not_send: PhantomData }
}

/// The same as [`pay`] for a short step, at the cost of less counting.
pub(crate) fn lend<T>(account: &Arc<Account>, purse: &Purse, step: impl FnOnce() -> T) -> T {
    struct Back(Option<Arc<Account>>);
    impl Drop for Back {
        fn drop(&mut self) {
            PAYER.set(self.0.take());
        }
    }
    REFUSED.set(None);
    heap::forget();
    callback::panicked();
    let _back = Back(PAYER.replace(Some(Arc::clone(account))));
    heap::paid_by(purse, step)
}

/// Lets `purse` pay for SQLite's heap during one step that opens no file.
#[inline]
pub(crate) fn during<T>(purse: &Purse, step: impl FnOnce() -> T) -> T {
    REFUSED.set(None);
    heap::forget();
    heap::paid_by(purse, step)
}

impl Drop for Paying {
    fn drop(&mut self) {
        PAYER.set(self.before.take());
    }
}

/// Who pays now. Connections that are none of ours (tests, baselines) run without a payer.
pub(crate) fn payer() -> Arc<Account> {
    PAYER.with_borrow(Option::clone).unwrap_or_else(|| Account::root(u64::MAX))
}

/// Whose purse pays for SQLite's heap now; without a payer, one without bound.
pub(crate) fn purse() -> Arc<Purse> {
    heap::purse().unwrap_or_else(|| Purse::new(&Account::root(u64::MAX)))
}

/// Remembers that a charge was refused.
pub(crate) fn note(refusal: Refusal) {
    REFUSED.set(Some(refusal));
}

/// The last refusal since [`pay`].
pub(crate) fn refused() -> Option<Refusal> {
    REFUSED.get().or_else(heap::refused)
}
