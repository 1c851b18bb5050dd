//! Two lists of names, each in its order: parameters, fields, cases, flags.

use std::collections::HashMap;

/// What became of one name, by its places in both lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// The same name on both sides, or another name in the same place.
    Both {
        expected: usize,
        found: usize,
        renamed: bool,
    },
    Missing {
        expected: usize,
    },
    Unexpected {
        found: usize,
    },
}

/// Pairs the names: by name; and where both sides have an unpaired name in the same place, by place.
/// In expected's order, then what is only in found.
pub(crate) fn pair(expected: &[&str], found: &[&str]) -> Vec<Pairing> {
    let places: HashMap<&str, usize> = found.iter().enumerate().map(|(place, &name)| (name, place)).collect();
    let known: HashMap<&str, usize> = expected.iter().enumerate().map(|(place, &name)| (name, place)).collect();
    let mut pairs = Vec::with_capacity(expected.len());
    for (place, name) in expected.iter().enumerate() {
        pairs.push(match places.get(name) {
            Some(&found) => Pairing::Both { expected: place, found, renamed: false },
            None if expected.len() == found.len() && !known.contains_key(found[place]) => {
                Pairing::Both { expected: place, found: place, renamed: true }
            }
            None => Pairing::Missing { expected: place },
        });
    }
    for (place, name) in found.iter().enumerate() {
        let renamed = expected.len() == found.len() && !places.contains_key(expected[place]);
        if !known.contains_key(name) && !renamed {
            pairs.push(Pairing::Unexpected { found: place });
        }
    }
    pairs
}

/// Whether the pairs stand in another order in found than in expected.
pub(crate) fn reordered(pairs: &[Pairing]) -> bool {
    let mut last = None;
    pairs.iter().any(|pair| match pair {
        Pairing::Both { found, .. } => last.replace(*found).is_some_and(|last| last > *found),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::{Pairing::*, *};

    #[test]
    fn names_pair_by_name_then_by_place() {
        assert_eq!(
            pair(&["a", "b", "c"], &["a", "x", "c"]),
            [
                Both { expected: 0, found: 0, renamed: false },
                Both { expected: 1, found: 1, renamed: true },
                Both { expected: 2, found: 2, renamed: false }
            ]
        );
        assert_eq!(
            pair(&["a", "b"], &["b"]),
            [Missing { expected: 0 }, Both { expected: 1, found: 0, renamed: false }]
        );
        assert_eq!(
            pair(&["a"], &["a", "b"]),
            [Both { expected: 0, found: 0, renamed: false }, Unexpected { found: 1 }]
        );
        // `a` moved, so `x` stands where `a` was expected: one missing, one unexpected.
        assert_eq!(
            pair(&["a", "b"], &["x", "a"]),
            [Both { expected: 0, found: 1, renamed: false }, Missing { expected: 1 }, Unexpected { found: 0 }]
        );
    }

    #[test]
    fn order_is_of_what_both_have() {
        assert!(reordered(&pair(&["a", "b"], &["b", "a"])));
        assert!(!reordered(&pair(&["a", "b"], &["a", "c", "b"])));
    }
}
