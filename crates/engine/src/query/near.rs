//! The near name for one that does not exist.

/// Names longer than this are not compared: typing errors are not what is wrong with them.
const NAME_CHARS_MAX: usize = 64;

/// The candidate nearest to `name`, if it is near: a typing error in three letters, or other
/// capitals and underscores. The first wins a tie.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = plain(name)?;
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let Some(letters) = plain(candidate) else { continue };
        let allowed = (wanted.len().max(letters.len()) / 3).max(1);
        let distance = distance(&wanted, &letters);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Lower-case letters and digits.
fn plain(name: &str) -> Option<Vec<char>> {
    let letters: Vec<char> =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    (!letters.is_empty() && letters.len() <= NAME_CHARS_MAX).then_some(letters)
}

/// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours
/// (<https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance>).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let substitute = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = substitute.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names() {
        let names = ["id", "name", "created_at", "customer_id"];
        let near = |name| nearest(name, names.into_iter());
        assert_eq!(near("nmae"), Some("name"));
        assert_eq!(near("createdAt"), Some("created_at"));
        assert_eq!(near("custmer_id"), Some("customer_id"));
        assert_eq!(near("voltage"), None);
        assert_eq!(near("***"), None);
    }
}
