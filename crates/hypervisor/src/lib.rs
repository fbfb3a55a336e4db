//! The life of instances: registry, boots, leases, eviction, budget.
