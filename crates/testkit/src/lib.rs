//! Test-only: real servers under test, fixtures, fault injection.
