//! Benchmarks that print figures as ratios within one run.
