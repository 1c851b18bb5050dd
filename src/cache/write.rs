//! Whole files and whole folders: the old one or the new one, whatever happens.

use std::{
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Names of what is being written begin so; what a killed process leaves behind is known by it.
pub(super) const UNFINISHED: &str = ".mosaic-";

/// Writes a file beside its place and renames it into it. Folders above it are made; its permissions are what the umask
/// leaves of `rw-rw-rw-`. A failure leaves the old file as it was; the error names the path.
///
/// A place that is a device or a pipe (`/dev/stdout`) is written into instead: it cannot be replaced.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes).map_err(|error| named("write", path, &error))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(meta) if !meta.is_file() => return fs::OpenOptions::new().write(true).open(path)?.write_all(bytes),
        _ => {}
    }
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let mut file =
        tempfile::Builder::new().prefix(UNFINISHED).permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    file.write_all(bytes)?;
    // Without this, a power failure after the rename may leave the new name with none of its bytes.
    file.as_file().sync_data()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// A folder that is being filled beside its place; dropped unfinished, it is removed.
#[derive(Debug)]
pub struct Unfinished {
    folder: tempfile::TempDir,
    place: PathBuf,
}

impl Unfinished {
    /// An empty folder beside `place`, readable as the umask allows.
    pub fn beside(place: &Path) -> io::Result<Unfinished> {
        let make = || {
            fs::create_dir_all(folder_of(place))?;
            tempfile::Builder::new()
                .prefix(UNFINISHED)
                .permissions(Permissions::from_mode(0o777))
                .tempdir_in(folder_of(place))
        };
        let folder = make().map_err(|error| named("write", place, &error))?;
        Ok(Unfinished { folder, place: place.to_owned() })
    }

    /// Where to write until it is finished.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Moves it into its place, which must be empty, and gives the place.
    pub fn finish(self) -> io::Result<PathBuf> {
        fs::rename(self.folder.path(), &self.place).map_err(|error| named("write", &self.place, &error))?;
        // Moved, so that there is nothing left to remove.
        let _ = self.folder.keep();
        Ok(self.place)
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
        let (ours, ordinary) = (Unfinished::beside(&temp.path().join("of")).unwrap(), temp.path().join("folder"));
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
        let place = temp.path().join("made/tool");
        let dropped = Unfinished::beside(&place).unwrap();
        fs::write(dropped.path().join("half"), "").unwrap();
        drop(dropped);
        assert_eq!(left_behind(place.parent().unwrap()), 0);
        let unfinished = Unfinished::beside(&place).unwrap();
        fs::write(unfinished.path().join("whole"), "").unwrap();
        assert!(!place.exists());
        assert_eq!(unfinished.finish().unwrap(), place);
        assert!(place.join("whole").is_file() && left_behind(place.parent().unwrap()) == 0);
    }
}
