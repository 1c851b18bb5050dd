//! Which of what is gone is probably which of what is new.
//!
//! Two items are candidates if they are made alike or are called alike; the likeliest pair is taken first, and each item
//! once. Beyond [`MOST`] pairs nobody can tell what became of what, and nothing is guessed.

/// Pairs looked at.
const MOST: usize = 10_000;
/// Likeness of two names from which they may be one, misspelled or bettered.
const ALIKE: f64 = 0.85;

/// How alike two items are besides their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    /// So much that it would be a coincidence.
    Same,
    /// Equal, but so are many things.
    Plain,
    /// Not at all, and it may still be one that changed.
    Other,
    /// Never one and the same.
    Apart,
}

/// Whether two names are near enough to be one.
pub(super) fn alike(a: &str, b: &str) -> bool {
    likeness(a, b) >= ALIKE
}

/// Pairs of places in both lists, in the order of the first.
pub(super) fn pairs<A, B>(
    removed: &[(&str, A)],
    added: &[(&str, B)],
    mut make: impl FnMut(&A, &B) -> Make,
) -> Vec<(usize, usize)> {
    if removed.len().saturating_mul(added.len()) > MOST {
        return Vec::new();
    }
    let mut candidates = Vec::new();
    for (i, (old, a)) in removed.iter().enumerate() {
        for (j, (new, b)) in added.iter().enumerate() {
            let likeness = likeness(old, new);
            let weight = match make(a, b) {
                Make::Apart => continue,
                Make::Same => 1.0 + likeness,
                Make::Plain if likeness >= 0.7 => likeness + 0.1,
                _ if likeness >= ALIKE => likeness,
                _ => continue,
            };
            candidates.push((weight, i, j));
        }
    }
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let (mut old, mut new) = (vec![false; removed.len()], vec![false; added.len()]);
    let mut pairs = Vec::new();
    for (_, i, j) in candidates {
        if !old[i] && !new[j] {
            (old[i], new[j]) = (true, true);
            pairs.push((i, j));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// What is left of a list when those in pairs are taken out.
pub(super) fn left<T>(list: Vec<T>, mut taken: impl FnMut(usize) -> bool) -> Vec<T> {
    list.into_iter().enumerate().filter(|(place, _)| !taken(*place)).map(|(_, item)| item).collect()
}

fn likeness(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_is_taken_first_and_each_once() {
        let removed = [("check", 1), ("close", 2)];
        let added = [("checks", 9), ("verify", 1), ("open", 7)];
        let by_number = |a: &i32, b: &i32| if a == b { Make::Same } else { Make::Other };
        assert_eq!(pairs(&removed, &added, by_number), [(0, 1)]);
        assert_eq!(pairs(&removed, &added, |_, _| Make::Other), [(0, 0)]);
        assert_eq!(pairs(&[("colour", 0)], &[("flavour", 0)], |_, _| Make::Other), []);
    }
}
