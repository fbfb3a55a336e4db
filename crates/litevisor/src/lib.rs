//! A hypervisor for SQLite instances: SQL for each tenant over its own MongoDB documents.
