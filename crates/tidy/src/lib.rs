//! Tests only: the house rules.
