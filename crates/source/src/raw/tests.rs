//! Tests of the raw walk.
