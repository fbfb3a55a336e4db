//! What queries hold, together and each tenant's: caps below the budget, so that neither one tenant's
//! queries nor all of them leave nothing for the rest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use model::limits::{QUERIES_BUDGET_PERCENT, TENANTS_SPENDING_MIN};
use model::{Account, Cap, TenantId};

use crate::settings::Settings;

/// The accounts that queries draw from.
pub(crate) struct Spending {
    all: Arc<Account>,
    tenant_bytes_max: u64,
    tenants: Mutex<Tenants>,
}

#[derive(Default)]
struct Tenants {
    accounts: HashMap<TenantId, Weak<Account>>,
    /// From how many on those that nobody uses are looked for.
    crowded: usize,
}

impl Spending {
    pub(crate) fn new(budget: &Arc<Account>, settings: &Settings) -> Spending {
        let all = budget.limit() / 100 * QUERIES_BUDGET_PERCENT;
        // One query alone never meets its tenant's cap before its own.
        let one = settings.temp_bytes_max.saturating_add(settings.heap_bytes_max);
        Spending {
            all: Account::share(budget, Cap::Queries, all),
            tenant_bytes_max: settings.tenant_bytes_max.max(one),
            tenants: Mutex::default(),
        }
    }

    fn tenants(&self) -> MutexGuard<'_, Tenants> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the queries of `tenant` draw from together.
    pub(crate) fn of(&self, tenant: &TenantId) -> Arc<Account> {
        let mut tenants = self.tenants();
        if let Some(account) = tenants.accounts.get(tenant).and_then(Weak::upgrade) {
            return account;
        }
        if tenants.accounts.len() >= tenants.crowded {
            tenants.accounts.retain(|_, account| account.strong_count() > 0);
            tenants.crowded = (2 * tenants.accounts.len()).max(TENANTS_SPENDING_MIN);
        }
        let account = Account::share(&self.all, Cap::TenantQueries, self.tenant_bytes_max);
        tenants.accounts.insert(tenant.clone(), Arc::downgrade(&account));
        account
    }

    /// Bytes that the queries of `tenant` hold now.
    pub(crate) fn held_by(&self, tenant: &TenantId) -> u64 {
        let account = self.tenants().accounts.get(tenant).and_then(Weak::upgrade);
        account.map_or(0, |account| account.used())
    }

    /// Bytes that queries may still take together.
    pub(crate) fn left(&self) -> u64 {
        self.all.limit().saturating_sub(self.all.used())
    }

    /// Bytes that all queries hold now.
    pub(crate) fn held(&self) -> u64 {
        self.all.used()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: usize) -> TenantId {
        TenantId::parse(&format!("t{number}"), model::TenantKeyType::String).unwrap()
    }

    #[test]
    fn a_tenant_s_queries_share_one_account_and_all_of_them_another() {
        let budget = Account::root(1_000);
        let settings = Settings {
            tenant_bytes_max: 100,
            temp_bytes_max: 200,
            heap_bytes_max: 100,
            ..Settings::default()
        };
        let spending = Spending::new(&budget, &settings);
        let account = spending.of(&tenant(0));
        assert_eq!(account.limit(), 300, "room for one query");
        let held = account.charge(250).unwrap();
        assert!(spending.of(&tenant(0)).charge(51).is_none());
        assert_eq!((spending.held_by(&tenant(0)), spending.held_by(&tenant(1))), (250, 0));
        let others = [1, 2].map(|number| spending.of(&tenant(number)).charge(250).unwrap());
        let last = spending.of(&tenant(3));
        assert!(last.charge(51).is_none(), "all queries have 80 % of the budget");
        assert_eq!(last.refuser(51).cap(), Cap::Queries);
        assert_eq!((spending.held(), spending.left()), (750, 50));
        drop((held, others));
        assert_eq!((budget.used(), spending.held_by(&tenant(0))), (0, 0));
    }

    #[test]
    fn tenants_without_queries_are_forgotten() {
        let spending = Spending::new(&Account::root(1_000), &Settings::default());
        let kept = spending.of(&tenant(0));
        for number in 0..10 * TENANTS_SPENDING_MIN {
            spending.of(&tenant(number));
        }
        assert!(spending.tenants().accounts.len() <= 2 * TENANTS_SPENDING_MIN);
        assert!(Arc::ptr_eq(&kept, &spending.of(&tenant(0))));
    }
}
