//! What one run or request of a guest may take, and the count of what it took.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// What one run or one request may take. Passing a limit costs that run or request alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// All linear memories of all parts together, in bytes.
    pub memory: usize,
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
        Limits { memory: 4 << 30, cpu: None, ..Limits::request() }
    }

    /// For one request of many: 512 MiB, ten seconds of its own time.
    pub fn request() -> Limits {
        Limits {
            memory: 512 << 20,
            table_elements: 1 << 20,
            instances: 10_000,
            cpu: Some(Duration::from_secs(10)),
            resources: 10_000,
        }
    }
}

/// What has been taken so far.
#[derive(Debug)]
pub(super) struct Meter {
    limits: Limits,
    memory: usize,
    table_elements: usize,
    /// Growth of a memory was refused: the likely cause of whatever the guest dies of next.
    pub starved: bool,
}

impl Meter {
    pub fn new(limits: Limits) -> Meter {
        Meter { limits, memory: 0, table_elements: 0, starved: false }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.limits.memory {
            self.starved = true;
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
        let mut meter = Meter::new(Limits { memory: 300, ..Limits::request() });
        assert!(meter.memory_growing(0, 200, None).unwrap());
        assert!(meter.memory_growing(0, 100, None).unwrap());
        assert!(!meter.starved);
        assert!(!meter.memory_growing(100, 101, None).unwrap());
        assert!(meter.starved);
    }
}
