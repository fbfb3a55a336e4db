//! The statements of this bench, each soon past its deadline: so that a long step is seen as it comes.

use std::time::Duration;

use super::{BOUND, longest, written};
use crate::{documents, load};

/// CPU time until most of them are to end: long enough to be in the midst of it.
const DEADLINE: Duration = Duration::from_millis(50);
/// The same of those that fill a full-text index first.
const DEADLINE_FULL_TEXT: Duration = Duration::from_millis(1_500);
/// Fewer than the bench has: they are read until the deadline only.
const ROWS: usize = 20_000;
/// How much longer a step may take here, where what is Rust is not optimised and the cores are shared.
const SLOWER: u32 = if cfg!(debug_assertions) { 4 } else { 1 };

#[test]
fn none_goes_on_for_long_past_its_deadline() {
    engine::init().expect("SQLite as it is configured");
    let catalog = documents::catalog(0, true).expect("a catalog");
    let image = load::image(&catalog, ROWS).expect("an image");
    let start = engine::thread_time();
    let (mut late, mut gaps) = (Vec::new(), Vec::new());
    for step in written::all().expect("statements") {
        let full_text = step.name.starts_with("fts5");
        let deadline = if full_text { DEADLINE_FULL_TEXT } else { DEADLINE };
        let (gap, how) = longest(&image, &step.sql, deadline);
        let told = format!("{:>6} ms  {}: {how}", gap.as_millis(), step.name);
        if gap > BOUND * SLOWER {
            late.push(told.clone());
        }
        gaps.push((gap, told));
    }
    gaps.sort();
    let worst: Vec<_> = gaps.iter().rev().take(12).map(|(_, told)| told.as_str()).collect();
    println!(
        "{} statements in {:.1?}:\n{}",
        gaps.len(),
        engine::thread_time() - start,
        worst.join("\n")
    );
    assert!(late.is_empty(), "beyond {:?}: {late:#?}", BOUND * SLOWER);
}
