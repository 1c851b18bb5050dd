//! Garbage collection of the store: what was not used for long goes, then the longest unused until the rest fits.
//!
//! 1. List records with their time of last use and the size of their bytes; bytes without a record, by their own time;
//!    and the [`NOTES`] beside the store, by when they were written.
//! 2. Remove what is older than allowed, then the oldest until the sum is allowed. The record goes first: bytes that no
//!    record names are not found any more.
//! 3. Remove what killed processes left half-written.
//!
//! Nothing used within [`RECENT`] is removed: someone may be about to open it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    Home,
    lock::lock,
    write::{UNFINISHED, named},
};
use crate::event::Events;

/// How long what was used is safe; `store` renews the time of last use once a day.
const RECENT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// Folders beside the store whose files are answers that are found again in no time.
const NOTES: [&str; 2] = [super::PROBES, super::DIGESTS];

/// What may stay.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time since the last use.
    pub age: Duration,
    /// Sum of all bytes in the store.
    pub size: u64,
}

/// What was removed, and what is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Collected {
    pub removed: u64,
    /// Bytes.
    pub freed: u64,
    /// Bytes.
    pub left: u64,
}

/// Something in the store that stands or goes as a whole.
#[derive(Debug)]
struct Entry {
    used: SystemTime,
    size: u64,
    /// In the order in which they are to be removed.
    files: Vec<PathBuf>,
}

impl Home {
    /// Brings the store within `limits`.
    pub fn collect(&self, limits: Limits, events: Events<'_>) -> io::Result<Collected> {
        let store = self.store();
        if !store.is_dir() {
            return Ok(Collected::default());
        }
        let _lock = lock(&store.join(".lock"), "the store", events)?;
        let mut entries = entries(&store)?;
        for folder in NOTES.map(|name| self.root.join(name)).iter().filter(|folder| folder.is_dir()) {
            for (path, meta) in files(folder)? {
                entries.push(Entry { used: meta.modified()?, size: meta.len(), files: vec![path] });
            }
        }
        entries.sort_by(|a, b| a.used.cmp(&b.used).then_with(|| a.files.cmp(&b.files)));
        let now = SystemTime::now();
        let mut told = Collected { left: entries.iter().map(|entry| entry.size).sum(), ..Collected::default() };
        for entry in entries {
            let age = now.duration_since(entry.used).unwrap_or_default();
            if age >= RECENT && (age > limits.age || told.left > limits.size) {
                remove(&entry)?;
                told.removed += 1;
                told.freed += entry.size;
                told.left -= entry.size;
            }
        }
        Ok(told)
    }
}

fn remove(entry: &Entry) -> io::Result<()> {
    entry.files.iter().try_for_each(|file| match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(named("remove", file, &error)),
        _ => Ok(()),
    })
}

fn entries(store: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for shard in folders(store)?.iter().map(|kind| folders(kind)).collect::<io::Result<Vec<_>>>()?.concat() {
        let files = files(&shard)?;
        let is_record = |path: &Path| path.extension().is_none() && !is_unfinished(path);
        for (path, meta) in files.iter().filter(|(path, _)| is_record(path)) {
            let name = path.file_name().unwrap_or_default();
            let bytes: Vec<_> = files.iter().filter(|(p, _)| !is_record(p) && p.file_stem() == Some(name)).collect();
            let size = meta.len() + bytes.iter().map(|(_, meta)| meta.len()).sum::<u64>();
            let files = std::iter::once(path.clone()).chain(bytes.iter().map(|(path, _)| path.clone())).collect();
            entries.push(Entry { used: meta.modified()?, size, files });
        }
        let lone = |path: &Path| is_unfinished(path) || path.extension().is_some() && !path.with_extension("").exists();
        for (path, meta) in files.iter().filter(|(path, _)| lone(path)) {
            entries.push(Entry { used: meta.modified()?, size: meta.len(), files: vec![path.clone()] });
        }
    }
    Ok(entries)
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes()))
}

fn folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(path).map_err(|error| named("read", path, &error))?;
    let entries = entries.collect::<io::Result<Vec<_>>>()?;
    Ok(entries.into_iter().filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()).collect())
}

/// Plain files; one that goes while we look is none.
fn files(path: &Path) -> io::Result<Vec<(PathBuf, fs::Metadata)>> {
    let entries = fs::read_dir(path).map_err(|error| named("read", path, &error))?;
    let entries = entries.collect::<io::Result<Vec<_>>>()?;
    let with_meta = entries.into_iter().filter_map(|e| Some((e.path(), e.metadata().ok()?)));
    Ok(with_meta.filter(|(_, meta)| meta.is_file()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// A store of one entry per age in days, each of 1,000 bytes and its record.
    fn aged(days: &[u32]) -> (tempfile::TempDir, Home) {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { root: temp.path().into() };
        for day in days {
            let key = format!("key{day}");
            let path = home.put("kind", &key, &[0; 1000]).unwrap();
            set_age(&path.with_extension(""), *day);
        }
        (temp, home)
    }

    fn set_age(path: &Path, days: u32) {
        fs::File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - DAY * days).unwrap();
    }

    fn left(home: &Home, days: &[u32]) -> Vec<u32> {
        let held = |day: &&u32| home.get("kind", &format!("key{day}")).unwrap().is_some();
        days.iter().filter(held).copied().collect()
    }

    #[test]
    fn what_is_too_old_goes() {
        let days = [1, 5, 20, 40];
        let (_temp, home) = aged(&days);
        let told = home.collect(Limits { age: DAY * 10, size: u64::MAX }, &|_| ()).unwrap();
        assert_eq!((told.removed, left(&home, &days)), (2, vec![1, 5]));
        assert!(told.freed >= 2000);
    }

    #[test]
    fn the_longest_unused_go_until_the_rest_fits_but_nothing_recent() {
        let days = [1, 5, 20, 40];
        let (_temp, home) = aged(&days);
        home.collect(Limits { age: DAY * 1000, size: 3000 }, &|_| ()).unwrap();
        assert_eq!(left(&home, &days), [1, 5]);
        let (_temp, home) = aged(&days);
        home.collect(Limits { age: Duration::ZERO, size: 0 }, &|_| ()).unwrap();
        assert_eq!(left(&home, &days), [1]);
    }

    #[test]
    fn use_makes_young() {
        let (_temp, home) = aged(&[20]);
        assert_eq!(left(&home, &[20]), [20]);
        home.collect(Limits { age: DAY * 10, size: u64::MAX }, &|_| ()).unwrap();
        assert_eq!(left(&home, &[20]), [20]);
    }

    #[test]
    fn leftovers_go() {
        let (_temp, home) = aged(&[]);
        let bytes = home.put("kind", "abc", b"x").unwrap();
        fs::remove_file(bytes.with_extension("")).unwrap();
        let half = bytes.with_file_name(".mosaic-x1y2z3");
        fs::write(&half, "half").unwrap();
        set_age(&bytes, 30);
        set_age(&half, 30);
        let told = home.collect(Limits { age: DAY * 10, size: u64::MAX }, &|_| ()).unwrap();
        assert_eq!((told, bytes.exists(), half.exists()), (Collected { removed: 2, freed: 5, left: 0 }, false, false));
    }

    #[test]
    fn old_notes_beside_the_store_go() {
        let (_temp, home) = aged(&[]);
        let note = |folder: &str, days| {
            let path = home.root.join(folder).join(format!("{days}.json"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "{}").unwrap();
            set_age(&path, days);
            path
        };
        fs::create_dir_all(home.store()).unwrap();
        let notes = NOTES.map(|folder| (note(folder, 30), note(folder, 5)));
        let told = home.collect(Limits { age: DAY * 10, size: u64::MAX }, &|_| ()).unwrap();
        assert_eq!(told, Collected { removed: 2, freed: 4, left: 4 });
        assert!(notes.iter().all(|(old, new)| !old.exists() && new.exists()));
    }

    #[test]
    fn no_store_is_nothing_to_do() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { root: temp.path().join("none") };
        assert_eq!(home.collect(Limits { age: DAY, size: 0 }, &|_| ()).unwrap(), Collected::default());
        assert!(!home.root.exists());
    }
}
