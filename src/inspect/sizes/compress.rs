//! How small things become when they are compressed.

use std::{
    collections::HashMap,
    io::{self, Write},
    ops::Range,
    sync::Mutex,
    thread,
};

use flate2::{Compression, write::GzEncoder};

use super::super::raw::Raw;

/// Counts what is written, and keeps nothing.
#[derive(Default)]
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The compressed size of each range, each by itself.
pub(super) fn all(raw: &Raw<'_>, ranges: &[Range<u64>]) -> HashMap<Range<u64>, u64> {
    let pending = Mutex::new(ranges.to_vec());
    let done = Mutex::new(HashMap::new());
    let next = || pending.lock().ok()?.pop();
    let work = || {
        while let Some(range) = next() {
            let size = gzip(raw.slice(&range));
            if let Ok(mut done) = done.lock() {
                done.insert(range, size);
            }
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from).min(ranges.len()).min(8);
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    done.into_inner().unwrap_or_default()
}

fn gzip(bytes: &[u8]) -> u64 {
    let mut encoder = GzEncoder::new(Count::default(), Compression::default());
    // Counting cannot fail.
    match encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        Ok(count) => count.0,
        Err(_) => 0,
    }
}
