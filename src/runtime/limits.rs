//! What one run or request of a guest may take, what all of them may take together, and the count of what was taken.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use wasmtime::ResourceLimiter;

/// What one run or one request may take. Passing a limit costs that run or request alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// All linear memories of all parts together, in bytes.
    pub memory: usize,
    /// The linear memories of all requests under way together, in bytes.
    pub all_memory: usize,
    /// All elements of all tables of all parts together.
    pub table_elements: usize,
    /// Core instances, of all parts together.
    pub instances: usize,
    /// Time its own code may run, waiting not counted. `None`: without end.
    pub cpu: Option<Duration>,
    /// Handles it may hold at once: files, streams, requests, buckets.
    pub resources: usize,
}

impl Limits {
    /// For a program the user runs and watches: as much as a 32-bit guest can address, without an end.
    pub fn run() -> Limits {
        Limits { memory: 4 << 30, all_memory: usize::MAX, cpu: None, ..Limits::request() }
    }

    /// For one request of many: 512 MiB, ten seconds of its own time; all together as much as the machine has.
    pub fn request() -> Limits {
        Limits {
            memory: 512 << 20,
            all_memory: machine_memory(),
            table_elements: 1 << 20,
            instances: 10_000,
            cpu: Some(Duration::from_secs(10)),
            resources: 10_000,
        }
    }
}

/// Bytes of memory that this process may have: the machine's, or less where a control group says so; on systems that
/// tell neither, without end.
fn machine_memory() -> usize {
    let read = |path| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.split_whitespace().next()?.parse::<usize>().ok()?.checked_mul(1024)
    });
    let group = read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse().ok());
    machine.into_iter().chain(group).min().unwrap_or(usize::MAX)
}

/// Linear memory of all guests of a host together.
#[derive(Debug, Default)]
pub(super) struct Shared {
    taken: AtomicUsize,
}

impl Shared {
    /// Whether there are so many bytes left below `limit`; they are taken then.
    fn take(&self, bytes: usize, limit: usize) -> bool {
        let fits = |taken: usize| taken.checked_add(bytes).filter(|sum| *sum <= limit);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }
}

/// Why growth of a memory was refused: the likely cause of whatever the guest dies of next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Starved {
    /// It had as much as one may have.
    Itself,
    /// All together had as much as they may have.
    Together,
}

/// What has been taken so far; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Meter {
    limits: Limits,
    shared: Arc<Shared>,
    memory: usize,
    table_elements: usize,
    pub starved: Option<Starved>,
}

impl Meter {
    pub fn new(limits: Limits, shared: Arc<Shared>) -> Meter {
        Meter { limits, shared, memory: 0, table_elements: 0, starved: None }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.shared.taken.fetch_sub(self.memory, Ordering::Relaxed);
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        let total = self.memory.saturating_add(more);
        if total > self.limits.memory {
            self.starved = Some(Starved::Itself);
            return Ok(false);
        }
        if !self.shared.take(more, self.limits.all_memory) {
            self.starved = Some(Starved::Together);
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > self.limits.table_elements {
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.instances
    }

    fn memories(&self) -> usize {
        self.limits.instances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_of_all_parts_count_together() {
        let mut meter = Meter::new(Limits { memory: 300, ..Limits::request() }, Arc::default());
        assert!(meter.memory_growing(0, 200, None).unwrap());
        assert!(meter.memory_growing(0, 100, None).unwrap());
        assert_eq!(meter.starved, None);
        assert!(!meter.memory_growing(100, 101, None).unwrap());
        assert_eq!(meter.starved, Some(Starved::Itself));
    }

    #[test]
    fn what_one_guest_gives_back_another_can_have() {
        let (limits, shared) = (Limits { memory: 300, all_memory: 500, ..Limits::request() }, Arc::default());
        let (mut one, mut other) = (Meter::new(limits, Arc::clone(&shared)), Meter::new(limits, shared));
        assert!(one.memory_growing(0, 300, None).unwrap());
        assert!(!other.memory_growing(0, 201, None).unwrap());
        assert_eq!(other.starved, Some(Starved::Together));
        assert!(other.memory_growing(0, 200, None).unwrap());
        drop(one);
        assert!(other.memory_growing(200, 300, None).unwrap());
    }

    #[test]
    fn a_machine_has_memory() {
        assert!(machine_memory() > 100 << 20);
    }
}
