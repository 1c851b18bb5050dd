//! Several units at a time.
//!
//! Rust units share cargo's target folder, which cargo locks: they form one lane and follow each other, so that none
//! holds a job while it waits for that lock. Every other unit is a lane of its own.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use indexmap::IndexMap;

use super::{
    backend::Unit,
    error::{Error, Failure},
};
use crate::language::Language;

/// Does `work` on every unit (given with its index), on up to `jobs` threads. Results in the units' order.
pub(super) fn in_parallel<T: Send>(
    units: &[Unit],
    jobs: NonZeroUsize,
    work: impl Fn(usize, &Unit) -> Result<T, Vec<Failure>> + Sync,
) -> Vec<Result<T, Vec<Failure>>> {
    let lanes = lanes(units);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(units.len()));
    let worker = || {
        while let Some(lane) = lanes.get(next.fetch_add(1, Ordering::Relaxed)) {
            for &index in lane {
                let result = work(index, &units[index]);
                results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs.get().min(lanes.len()) {
            scope.spawn(worker);
        }
        worker();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// All values by component in the units' order, or all failures.
pub(super) fn gathered<T>(units: &[Unit], results: Vec<Result<T, Vec<Failure>>>) -> Result<IndexMap<String, T>, Error> {
    let (mut done, mut failures) = (IndexMap::new(), Vec::new());
    for (unit, result) in units.iter().zip(results) {
        match result {
            Ok(value) => drop(done.insert(unit.part.name.clone(), value)),
            Err(told) => failures.extend(told),
        }
    }
    if failures.is_empty() { Ok(done) } else { Err(Error { failures }) }
}

/// Indices of the units that follow each other on one thread.
fn lanes(units: &[Unit]) -> Vec<Vec<usize>> {
    let mut lanes: IndexMap<Option<&Path>, Vec<usize>> = IndexMap::new();
    let mut alone = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        match unit.language {
            Language::Rust => lanes.entry(Some(&unit.cargo_target)).or_default().push(index),
            _ => alone.push(vec![index]),
        }
    }
    lanes.into_values().chain(alone).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;
    use crate::plan::fingerprint::tests::unit;

    fn units(languages: &[Language]) -> Vec<Unit> {
        let named = |(i, language): (usize, &Language)| Unit {
            language: *language,
            ..unit(Path::new("/app"), &format!("p{i}"))
        };
        languages.iter().enumerate().map(named).collect()
    }

    #[test]
    fn rust_units_follow_each_other() {
        let units = units(&[Language::Go, Language::Rust, Language::Python, Language::Rust]);
        assert_eq!(lanes(&units), [vec![1, 3], vec![0], vec![2]]);
    }

    #[test]
    fn all_results_come_back_in_order_and_two_jobs_run_at_once() {
        let units = units(&[Language::Go, Language::Python]);
        let both = Barrier::new(2);
        let jobs = NonZeroUsize::new(2).unwrap();
        let results = in_parallel(&units, jobs, |_, unit| {
            both.wait();
            Ok(unit.language)
        });
        let done = gathered(&units, results);
        assert_eq!(
            done.unwrap().into_iter().collect::<Vec<_>>(),
            [("p0".into(), Language::Go), ("p1".into(), Language::Python)]
        );
    }

    #[test]
    fn every_failure_is_told_and_every_unit_tried() {
        let units = units(&[Language::Go, Language::Rust, Language::Python]);
        let tried = AtomicUsize::new(0);
        let results = in_parallel(&units, NonZeroUsize::MIN, |_, unit| {
            tried.fetch_add(1, Ordering::Relaxed);
            if unit.language == Language::Rust {
                Ok(())
            } else {
                Err(vec![Failure::Stale { component: unit.part.name.clone() }])
            }
        });
        let told = gathered(&units, results).unwrap_err().failures;
        assert!(
            matches!(&told[..], [Failure::Stale { component: a }, Failure::Stale { component: b }] if a == "p0" && b == "p2")
        );
        assert_eq!(tried.into_inner(), 3);
    }
}
