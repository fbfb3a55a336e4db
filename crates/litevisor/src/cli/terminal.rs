//! Words to standard error, results to standard output, progress bars on a terminal.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// One line to standard error. A closed standard error is nobody's fault.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Writes to standard output.
///
/// # Errors
/// It is closed.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Whether a person reads standard output.
pub(super) fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// A bar on standard error, if that is a terminal, of `total` units.
pub(super) fn bar(what: &str, unit: Unit) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let counts = match unit {
        Unit::Bytes => "{bytes}/{total_bytes}",
        Unit::Documents => "{human_pos}/{human_len} documents",
    };
    let template = format!("{{msg}} {{wide_bar}} {counts} {{elapsed}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// What a bar counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    /// Bytes read.
    Bytes,
    /// Documents seen.
    Documents,
}

/// The line of `sql` that holds the byte at `offset`, with a caret under it.
pub(super) fn caret(sql: &str, offset: u64) -> String {
    let mut offset = usize::try_from(offset).unwrap_or(usize::MAX).min(sql.len());
    while !sql.is_char_boundary(offset) {
        offset -= 1;
    }
    let (before, after) = sql.split_at(offset);
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let end = after.find('\n').map_or(sql.len(), |i| offset + i);
    let number = before.matches('\n').count() + 1;
    let margin = format!("{number:>4} | ");
    // A tab stays a tab, so that the caret stands where the terminal puts the character.
    let indent: String =
        sql[start..offset].chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    format!("{margin}{}\n{:>5}| {indent}^", &sql[start..end], " ")
}

#[cfg(test)]
mod tests {
    use super::caret;

    #[test]
    fn carets() {
        assert_eq!(caret("SELECT x", 7), "   1 | SELECT x\n     | ".to_owned() + "       ^");
        assert_eq!(caret("a\n\tü b", 5), "   2 | \tü b\n     | \t ^");
        assert_eq!(caret("abc", 99), "   1 | abc\n     |    ^");
        assert_eq!(caret("", 0), "   1 | \n     | ^");
    }
}
