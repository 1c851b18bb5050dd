//! Archives, unpacked into a folder they cannot leave. Their digest was checked before.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Component, Path, PathBuf},
};

use super::error::Failure;

/// Unpacks the entries of a `.tar.gz` that `keep` says, at the path `keep` gives them below `folder`.
pub(super) fn tar_gz(archive: &Path, folder: &Path, keep: impl Fn(&Path) -> Option<PathBuf>) -> Result<(), Failure> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(BufReader::new(File::open(archive)?)));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let Some(path) = keep(&entry.path()?).and_then(|path| below(folder, &path)) else { continue };
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            fs::create_dir_all(&path)?;
        } else if kind.is_file() {
            let mode = entry.header().mode()?;
            write(&path, mode, &mut entry)?;
        }
    }
    Ok(())
}

/// Unpacks the entries of a zip file that `keep` says, at the path `keep` gives them below `folder`. Where the archive
/// tells no permissions, programs are known by how they begin.
pub(super) fn zip(archive: &Path, folder: &Path, keep: impl Fn(&Path) -> Option<PathBuf>) -> Result<(), Failure> {
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(archive)?)).map_err(io::Error::other)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(io::Error::other)?;
        let Some(path) = keep(Path::new(entry.name())).and_then(|path| below(folder, &path)) else { continue };
        if entry.is_file() {
            let mode = entry.unix_mode().unwrap_or(0o644);
            write(&path, mode, &mut entry)?;
        }
    }
    Ok(())
}

/// `path` in `folder`, unless it would lie elsewhere.
fn below(folder: &Path, path: &Path) -> Option<PathBuf> {
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && path.components().next().is_some()).then(|| folder.join(path))
}

fn write(path: &Path, mode: u32, mut from: impl Read) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    let mut start = Vec::with_capacity(4);
    from.by_ref().take(4).read_to_end(&mut start)?;
    let program = start.starts_with(b"\x7fELF") || start.starts_with(b"#!") || start.starts_with(b"\xcf\xfa\xed\xfe");
    let mut file = File::create(path)?;
    file.write_all(&start)?;
    io::copy(&mut from, &mut file)?;
    if program || mode & 0o111 != 0 {
        // As an ordinary file under the umask, and executable by whoever may read it.
        let mode = file.metadata()?.permissions().mode();
        file.set_permissions(fs::Permissions::from_mode(mode | (mode & 0o444) >> 2))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(folder: &Path) -> Vec<(String, bool)> {
        let mut found = Vec::new();
        for entry in ignore::WalkBuilder::new(folder).standard_filters(false).build().map(Result::unwrap) {
            let meta = entry.metadata().unwrap();
            if meta.is_file() {
                let path = entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.push((path, meta.permissions().mode() & 0o100 != 0));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn tar_entries_are_kept_moved_or_left_out() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a.tar.gz");
        let gz = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        let mut builder = tar::Builder::new(gz);
        for (name, mode, text) in [("go/bin/go", 0o755, "#!"), ("go/VERSION", 0o644, "go1"), ("go/test/x", 0o644, "x")]
        {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(mode);
            builder.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap();
        let out = temp.path().join("out");
        let keep = |path: &Path| path.strip_prefix("go").ok().filter(|p| !p.starts_with("test")).map(Path::to_owned);
        tar_gz(&path, &out, keep).unwrap();
        assert_eq!(listing(&out), [("VERSION".into(), false), ("bin/go".into(), true)]);
    }

    #[test]
    fn zip_entries_stay_below_and_programs_can_be_run() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a.whl");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        for (name, text) in [("p/tool", "\x7fELF…"), ("p/text", "abc"), ("../escape", "x"), ("/abs", "x"), ("p/e", "")]
        {
            writer.start_file(name, options).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        let out = temp.path().join("out");
        zip(&path, &out, |path| Some(path.to_owned())).unwrap();
        assert_eq!(listing(&out), [("p/e".into(), false), ("p/text".into(), false), ("p/tool".into(), true)]);
        assert!(!temp.path().join("escape").exists());
    }
}
