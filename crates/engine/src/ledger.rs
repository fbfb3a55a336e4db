//! On whose behalf this thread runs SQLite: the account that pays for temp files opened meanwhile,
//! and whether it refused.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::sync::Arc;

use model::Account;

use crate::callback;
use crate::image::Refusal;

thread_local! {
    static PAYER: RefCell<Option<Arc<Account>>> = const { RefCell::new(None) };
    static REFUSED: Cell<Option<Refusal>> = const { Cell::new(None) };
}

/// While it lives, `account` pays. Nests.
pub(crate) struct Paying {
    before: Option<Arc<Account>>,
    not_send: PhantomData<*const ()>,
}

/// Lets `account` pay from now on and forgets earlier refusals and panics.
pub(crate) fn pay(account: &Arc<Account>) -> Paying {
    REFUSED.set(None);
    callback::panicked();
    let before = PAYER.replace(Some(Arc::clone(account)));
    Paying { before, not_send: PhantomData }
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

/// Remembers that a charge was refused.
pub(crate) fn note(refusal: Refusal) {
    REFUSED.set(Some(refusal));
}

/// The last refusal since [`pay`].
pub(crate) fn refused() -> Option<Refusal> {
    REFUSED.get()
}
