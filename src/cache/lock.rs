//! Locks between processes.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use super::write::named;
use crate::event::{Event, Events};

/// Holds a lock until it is dropped, or until the process is gone, however it went.
#[derive(Debug)]
pub struct Lock {
    /// The kernel frees the lock when this is closed.
    _file: File,
}

/// Takes the lock that is the file `path` (made if need be, never removed: another process may be waiting on it). If
/// another process holds it, that is told once, as waiting for `what`, and waited for.
///
/// On a file system without locks nothing is locked, as in cargo: better unlocked than not at all.
pub fn lock(path: &Path, what: &str, events: Events<'_>) -> io::Result<Lock> {
    take(path, what, events).map_err(|error| named("lock", path, &error))
}

fn take(path: &Path, what: &str, events: Events<'_>) -> io::Result<Lock> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            events(Event::Waiting { what });
            wait(&file)?;
        }
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    Ok(Lock { _file: file })
}

fn wait(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use super::*;
    use crate::process::Command;

    #[test]
    fn waiting_is_told_once_and_ends_when_the_holder_lets_go() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("made/lock");
        let told = Mutex::new(Vec::new());
        let tell = |event: Event<'_>| told.lock().unwrap().push(format!("{event:?}"));
        let first = lock(&path, "go", &tell).unwrap();
        assert!(told.lock().unwrap().is_empty());
        std::thread::scope(|scope| {
            scope.spawn(|| lock(&path, "go", &tell).unwrap());
            while told.lock().unwrap().is_empty() {
                std::thread::sleep(Duration::from_millis(1));
            }
            drop(first);
        });
        assert_eq!(*told.lock().unwrap(), ["Waiting { what: \"go\" }"]);
    }

    /// This test is also the holder that is killed: told by `MOSAIC_TEST_HOLDS`, it takes that lock and sleeps.
    #[test]
    fn a_killed_holder_frees_its_lock() {
        if let Some(path) = std::env::var_os("MOSAIC_TEST_HOLDS") {
            let _lock = lock(Path::new(&path), "test", &|_| ()).unwrap();
            println!("held");
            std::thread::sleep(Duration::from_secs(60));
            return;
        }
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("lock");
        let name = "cache::lock::tests::a_killed_holder_frees_its_lock";
        let holder = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env("MOSAIC_TEST_HOLDS", &path)
            .timeout(Duration::from_secs(60));
        // A callback that panics kills the process, here once it has told that it holds the lock.
        let run = std::panic::AssertUnwindSafe(|| {
            holder.stream(&mut |_, line| {
                if line.ends_with("held") {
                    assert!(File::open(&path).unwrap().try_lock().is_err());
                    std::panic::resume_unwind(Box::new("killed"));
                }
            })
        });
        let payload = std::panic::catch_unwind(run).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"killed"));
        lock(&path, "test", &|event| panic!("{event:?}")).unwrap();
    }
}
