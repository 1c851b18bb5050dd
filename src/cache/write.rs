//! Whole files and whole folders: the old one or the new one, whatever happens.

use std::{
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

/// Names of what is being written begin so; what a killed process leaves behind is known by it.
pub(super) const UNFINISHED: &str = ".mosaic-";
/// Bytes.
const BUFFER: usize = 64 << 10;

/// Writes a file beside its place and renames it into it. Folders above it are made; its permissions are what the umask
/// leaves of `rw-rw-rw-`. A failure leaves the old file as it was; the error names the path.
///
/// A place that is a device or a pipe (`/dev/stdout`) is written into instead: it cannot be replaced.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_whole_by(path, |out| out.write_all(bytes).map_err(|error| named("write", path, &error)))
}

/// The same of what is written piece by piece; where that fails, the old file stays as it was.
pub fn write_whole_by<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), E> {
    let name = |error: io::Error| E::from(named("write", path, &error));
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => return Err(name(io::ErrorKind::IsADirectory.into())),
        Ok(meta) if !meta.is_file() => {
            let mut file = fs::OpenOptions::new().write(true).open(path).map_err(name)?;
            return through(&mut file, write, name);
        }
        _ => {}
    }
    let folder = folder_of(path);
    let beside = || {
        fs::create_dir_all(folder)?;
        tempfile::Builder::new().prefix(UNFINISHED).permissions(Permissions::from_mode(0o666)).tempfile_in(folder)
    };
    let mut file = beside().map_err(name)?;
    through(file.as_file_mut(), write, name)?;
    // Without this, a power failure after the rename may leave the new name with none of its bytes.
    file.as_file().sync_data().map_err(name)?;
    file.persist(path).map_err(|error| name(error.error))?;
    Ok(())
}

/// Writes through a buffer, which small pieces need.
fn through<E>(
    file: &mut fs::File,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    name: impl Fn(io::Error) -> E,
) -> Result<(), E> {
    let mut out = io::BufWriter::with_capacity(BUFFER, file);
    write(&mut out)?;
    out.flush().map_err(name)
}

/// A folder that is being filled beside its place; dropped unfinished, it is removed.
#[derive(Debug)]
pub struct Unfinished {
    folder: tempfile::TempDir,
}

impl Unfinished {
    /// An empty folder in `parent`, readable as the umask allows. `label` is part of its name, for [`Unfinished::sweep`].
    pub fn within(parent: &Path, label: &str) -> io::Result<Unfinished> {
        let make = || {
            fs::create_dir_all(parent)?;
            tempfile::Builder::new()
                .prefix(&format!("{UNFINISHED}{label}-"))
                .permissions(Permissions::from_mode(0o777))
                .tempdir_in(parent)
        };
        Ok(Unfinished { folder: make().map_err(|error| named("write into", parent, &error))? })
    }

    /// Where to write until it is finished.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Moves it into `place`, in the same parent; a folder that is there already is replaced.
    pub fn finish(self, place: &Path) -> io::Result<()> {
        let moved = || {
            if place.exists() {
                // Two renames, so that the place is empty for an instant but never holds half of either.
                let old = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(folder_of(place))?;
                fs::rename(place, old.path().join("old"))?;
            }
            fs::rename(self.folder.path(), place)
        };
        moved().map_err(|error| named("write", place, &error))?;
        // Moved, so that there is nothing left to remove.
        let _ = self.folder.keep();
        Ok(())
    }

    /// Removes what killed processes left unfinished in `parent` under `label`; call it under the lock of those who
    /// write there.
    pub fn sweep(parent: &Path, label: &str) {
        let prefix = format!("{UNFINISHED}{label}-");
        let left = fs::read_dir(parent).into_iter().flatten().flatten();
        for entry in left.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes())) {
            // What cannot be removed now will be tried again next time.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The same kind of error, naming what was attempted.
pub(super) fn named(verb: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("could not {verb} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_behind(folder: &Path) -> usize {
        fs::read_dir(folder)
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().as_encoded_bytes().starts_with(b"."))
            .count()
    }

    #[test]
    fn writes_replaces_and_leaves_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a/b/file");
        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(left_behind(path.parent().unwrap()), 0);
    }

    #[test]
    fn permissions_are_those_of_an_ordinary_file() {
        let temp = tempfile::tempdir().unwrap();
        let (ours, ordinary) = (temp.path().join("ours"), temp.path().join("ordinary"));
        write_whole(&ours, b"").unwrap();
        fs::write(&ordinary, b"").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&ordinary));
        let (ours, ordinary) = (Unfinished::within(temp.path(), "x").unwrap(), temp.path().join("folder"));
        fs::create_dir(&ordinary).unwrap();
        assert_eq!(mode(ours.path()), mode(&ordinary));
    }

    #[test]
    fn a_failure_names_the_path_and_keeps_the_old_file() {
        let temp = tempfile::tempdir().unwrap();
        let place = temp.path().join("folder");
        fs::create_dir(&place).unwrap();
        let error = write_whole(&place, b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        assert!(error.to_string().contains(&*place.to_string_lossy()), "{error}");
        fs::write(temp.path().join("file"), "old").unwrap();
        let error = write_whole(&temp.path().join("file/below"), b"x").unwrap_err();
        assert!(error.to_string().contains("file/below"), "{error}");
        assert_eq!(fs::read(temp.path().join("file")).unwrap(), b"old");
    }

    /// This test is also the process whose files may not grow: told by `MOSAIC_TEST_FULL`, it writes there and fails.
    #[test]
    fn a_write_cut_short_keeps_the_old_file() {
        if let Some(path) = std::env::var_os("MOSAIC_TEST_FULL") {
            let error = write_whole(Path::new(&path), &vec![1; 1 << 20]).unwrap_err();
            assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
            return;
        }
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("artifact");
        fs::write(&path, "old").unwrap();
        let name = "cache::write::tests::a_write_cut_short_keeps_the_old_file";
        // Blocks of 512 or 1,024 bytes, by shell: in both the limit lies well below what is written.
        let script = "trap '' XFSZ; ulimit -f 100; exec \"$0\" --exact \"$1\"";
        let output = crate::process::Command::new("sh")
            .args(["-c", script])
            .arg(std::env::current_exe().unwrap())
            .arg(name)
            .env("MOSAIC_TEST_FULL", &path)
            .output()
            .unwrap();
        assert!(output.status.success() && output.text().contains("1 passed"), "{}", output.text());
        assert_eq!((fs::read(&path).unwrap(), left_behind(temp.path())), (b"old".to_vec(), 0));
    }

    #[test]
    fn a_device_is_written_into() {
        write_whole(Path::new("/dev/null"), b"x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_folder_is_there_whole_or_not_at_all() {
        let temp = tempfile::tempdir().unwrap();
        let (parent, place) = (temp.path().join("tools"), temp.path().join("tools/tool"));
        let dropped = Unfinished::within(&parent, "tool").unwrap();
        fs::write(dropped.path().join("half"), "").unwrap();
        drop(dropped);
        assert_eq!(left_behind(&parent), 0);
        for name in ["first", "second"] {
            let unfinished = Unfinished::within(&parent, "tool").unwrap();
            fs::write(unfinished.path().join(name), "").unwrap();
            assert!(!place.join(name).exists());
            unfinished.finish(&place).unwrap();
            assert!(place.join(name).is_file() && left_behind(&parent) == 0);
        }
        assert!(!place.join("first").exists());
    }

    #[test]
    fn what_a_killed_process_left_is_swept() {
        let temp = tempfile::tempdir().unwrap();
        for name in [".mosaic-tool-a1", ".mosaic-other-b2", "tool"] {
            fs::create_dir(temp.path().join(name)).unwrap();
        }
        Unfinished::sweep(temp.path(), "tool");
        let exists = |name| temp.path().join(name).exists();
        assert_eq!([exists(".mosaic-tool-a1"), exists(".mosaic-other-b2"), exists("tool")], [false, true, true]);
    }
}
