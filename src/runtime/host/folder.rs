//! Containers of objects in a folder: a folder for each container, a file for each object.
//!
//! An object is written beside its place and renamed into it: it is the old one or the new one, whole, and on disk when
//! that is acknowledged. Names are any text; what a file's name cannot be is written as `%XX`.

use std::{
    fs::{self, File, Metadata},
    io::{self, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use tempfile::NamedTempFile;

use super::blobs::{About, Content, Outcome, Source};

/// All containers.
#[derive(Debug)]
pub(in crate::runtime) struct Folder {
    folder: PathBuf,
}

impl Folder {
    /// The containers in `folder`, which is made if need be.
    pub fn open(folder: &Path) -> io::Result<Folder> {
        fs::create_dir_all(folder)?;
        Ok(Folder { folder: folder.to_owned() })
    }

    pub fn create(&self, container: &str) -> Outcome<()> {
        off_the_runtime(|| {
            fs::create_dir(self.container(container)?).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => format!("there is a container `{container}` already"),
                _ => error.to_string(),
            })
        })
    }

    pub fn delete(&self, container: &str) -> Outcome<()> {
        off_the_runtime(|| fs::remove_dir_all(self.container(container)?).or_else(unless_missing))
    }

    /// `None`: there is no such container.
    pub fn about(&self, container: &str) -> Outcome<Option<About>> {
        off_the_runtime(|| about(fs::metadata(self.container(container)?)))
    }

    /// `None`: there is no such object.
    pub fn about_object(&self, container: &str, object: &str) -> Outcome<Option<About>> {
        off_the_runtime(|| about(fs::metadata(self.object(container, object)?)))
    }

    /// A file for an object to be.
    pub fn begin(&self) -> Outcome<NamedTempFile> {
        off_the_runtime(|| NamedTempFile::new_in(&self.folder).map_err(|error| error.to_string()))
    }

    /// Makes such a file an object.
    pub fn finish(&self, file: NamedTempFile, container: &str, object: &str) -> Outcome<()> {
        off_the_runtime(|| {
            let place = self.object(container, object)?;
            file.as_file().sync_all().map_err(|error| error.to_string())?;
            file.persist(&place).map_err(|error| error.error.to_string())?;
            // The name is on disk when its folder is.
            let folder = place.parent().unwrap_or(&self.folder);
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| error.to_string())
        })
    }

    /// The bytes from `start` to `end`, both included, as far as there are any.
    pub fn read(&self, container: &str, object: &str, start: u64, end: u64) -> Outcome<Content> {
        let (file, length) = self.open_at(container, object, start, end)?;
        Ok(Content { length, source: Source::File(file) })
    }

    /// An object's file, at a place, and how many bytes there are from there to `end`.
    fn open_at(&self, container: &str, object: &str, start: u64, end: u64) -> Outcome<(File, u64)> {
        off_the_runtime(|| {
            let missing = |error: io::Error| match error.kind() {
                io::ErrorKind::NotFound => format!("there is no object `{object}` in `{container}`"),
                _ => error.to_string(),
            };
            let mut file = File::open(self.object(container, object)?).map_err(missing)?;
            let size = file.metadata().map_err(missing)?.len();
            let length = end.saturating_add(1).min(size).saturating_sub(start);
            file.seek(SeekFrom::Start(start)).map_err(missing)?;
            Ok((file, length))
        })
    }

    /// Names of the objects, in order.
    pub fn list(&self, container: &str) -> Outcome<Vec<String>> {
        off_the_runtime(|| {
            let entries = fs::read_dir(self.container(container)?).map_err(|error| error.to_string())?;
            let mut names = Vec::new();
            for entry in entries {
                let name = entry.map_err(|error| error.to_string())?.file_name();
                names.extend(name.to_str().and_then(decoded));
            }
            names.sort();
            Ok(names)
        })
    }

    pub fn delete_object(&self, container: &str, object: &str) -> Outcome<()> {
        off_the_runtime(|| fs::remove_file(self.object(container, object)?).or_else(unless_missing))
    }

    pub fn copy(&self, from: (&str, &str), to: (&str, &str)) -> Outcome<()> {
        off_the_runtime(|| {
            let (mut source, _) = self.open_at(from.0, from.1, 0, u64::MAX)?;
            let mut file = self.begin()?;
            io::copy(&mut source, &mut file).map_err(|error| error.to_string())?;
            self.finish(file, to.0, to.1)
        })
    }

    pub fn rename(&self, from: (&str, &str), to: (&str, &str)) -> Outcome<()> {
        off_the_runtime(|| {
            fs::rename(self.object(from.0, from.1)?, self.object(to.0, to.1)?).map_err(|error| error.to_string())
        })
    }

    fn container(&self, container: &str) -> Outcome<PathBuf> {
        Ok(self.folder.join(encoded(container)?))
    }

    fn object(&self, container: &str, object: &str) -> Outcome<PathBuf> {
        Ok(self.container(container)?.join(encoded(object)?))
    }
}

/// Does what may wait for the disk. On the threads that serve requests others take over meanwhile; where there is but one
/// guest, and one thread for it, it waits for itself.
pub(super) fn off_the_runtime<T>(work: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(tokio::runtime::RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

fn about(metadata: io::Result<Metadata>) -> Outcome<Option<About>> {
    match metadata {
        Ok(metadata) => {
            let since = metadata.created().or_else(|_| metadata.modified()).ok();
            let created = since.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |it| it.as_secs());
            Ok(Some(About { created, size: metadata.len() }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn unless_missing(error: io::Error) -> Outcome<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error.to_string()) }
}

/// A file's name may be so long, in bytes.
const LONGEST: usize = 255;

/// A file's name for any text.
fn encoded(name: &str) -> Outcome<String> {
    let mut text = String::new();
    for (at, byte) in name.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || (byte == b'.' && at > 0);
        if plain {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    match text.len() {
        0 => Err("a name is empty".to_owned()),
        1..=LONGEST => Ok(text),
        _ => Err(format!("the name `{name}` is too long")),
    }
}

fn decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    fn put(blobs: &Folder, container: &str, object: &str, text: &str) {
        let mut file = blobs.begin().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        blobs.finish(file, container, object).unwrap();
    }

    #[test]
    fn names_are_any_text_and_stay_inside() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Folder::open(&folder.path().join("blobs")).unwrap();
        for name in ["..", ".", "a/b", "../../x", "Grüße", "a%2Fb", ".hidden", "con:", "a b"] {
            blobs.create(name).unwrap();
            put(&blobs, name, name, name);
            assert_eq!(blobs.list(name).unwrap(), [name]);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(blobs.create("").is_err() && blobs.create(&"x".repeat(256)).is_err() && blobs.create("..").is_err());
    }

    #[test]
    fn objects_are_kept_read_in_part_copied_and_gone() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Folder::open(folder.path()).unwrap();
        blobs.create("a").unwrap();
        blobs.create("b").unwrap();
        put(&blobs, "a", "x", "hello");
        put(&blobs, "a", "x", "hello!");
        let part = |start, end| {
            let (file, length) = blobs.open_at("a", "x", start, end).unwrap();
            let mut text = String::new();
            file.take(length).read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!((part(0, u64::MAX).as_str(), part(1, 2).as_str(), part(9, 20).as_str()), ("hello!", "el", ""));
        blobs.copy(("a", "x"), ("b", "y")).unwrap();
        blobs.rename(("a", "x"), ("a", "z")).unwrap();
        assert_eq!(blobs.about_object("a", "x").unwrap(), None);
        assert_eq!(blobs.about_object("b", "y").unwrap().map(|about| about.size), Some(6));
        assert_eq!(blobs.list("a").unwrap(), ["z"]);
        blobs.delete_object("a", "z").unwrap();
        blobs.delete_object("a", "z").unwrap();
        assert!(blobs.open_at("a", "z", 0, 1).unwrap_err().contains("there is no object `z`"));
        blobs.delete("b").unwrap();
        assert_eq!(blobs.about("b").unwrap(), None);
    }
}
