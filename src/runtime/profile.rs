//! Where guests spend their time: the function that runs is looked up at each tick, and all that was seen is written
//! down in the form that the Firefox profiler reads (<https://profiler.firefox.com>), when the run or the server ends.

use std::{
    fs::File,
    io::{self, BufWriter},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use wasmtime::{AsContext, GuestProfiler};

use super::{code::Code, error::Error};

/// How often is looked.
pub(super) const INTERVAL: Duration = Duration::from_millis(1);

/// What was seen so far, of all instances of one component.
pub(super) struct Profile {
    path: PathBuf,
    file: File,
    /// `None` once it has ended.
    seen: Mutex<Option<(GuestProfiler, Instant)>>,
}

impl Profile {
    /// Begins one, which goes to `path`.
    pub fn begin(path: &Path, name: &str, code: &Code) -> Result<Arc<Profile>, Error> {
        let unwritable = |source| Error::Profile { path: path.to_owned(), source };
        let file = File::create(path).map_err(unwritable)?;
        let lifted = code.lifted.iter().map(|lifted| {
            let name = lifted.module.name().unwrap_or(&lifted.name);
            (name.to_owned(), lifted.module.clone())
        });
        let profiler = GuestProfiler::new_component(&code.engine, name, INTERVAL, code.component.clone(), lifted)
            .map_err(|source| Error::Engine { source })?;
        Ok(Arc::new(Profile { path: path.to_owned(), file, seen: Mutex::new(Some((profiler, Instant::now()))) }))
    }

    /// Looks what runs in this store.
    pub fn look(&self, store: impl AsContext) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((profiler, last)) = &mut *seen else { return };
        let now = Instant::now();
        // Guests of other threads are looked at in between: none ran longer than a few ticks unseen.
        let passed = now.duration_since(*last).min(INTERVAL * 4);
        *last = now;
        profiler.sample(store, passed);
    }

    /// Writes it down; what runs after that is not seen any more.
    pub fn end(&self) -> Result<(), Error> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((profiler, _)) = seen else { return Ok(()) };
        let written = profiler.finish(BufWriter::new(&self.file)).map_err(io::Error::other);
        written.map_err(|source| Error::Profile { path: self.path.clone(), source })
    }
}
