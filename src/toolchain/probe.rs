//! Answers of executables, remembered until a file they depend on changes.
//!
//! Asking a compiler who it is costs a process, and behind a proxy such as rustup's a slow one. An answer is therefore
//! kept below `<home>/probe` together with the size and modification time of every file it depends on (its witnesses);
//! as long as those are the same, nothing is started. A witness may be absent: its appearance is a change too.

use std::{
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::cache::{self, Home};

/// Part of every question, so that an answer is never read by a Mosaic that means something else by it.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Remembered<T> {
    witnesses: Vec<Witness>,
    answer: T,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Witness {
    path: PathBuf,
    /// Size in bytes and modification time in nanoseconds; `None`: not there.
    state: Option<(u64, u64)>,
}

impl Witness {
    fn of(path: PathBuf) -> Witness {
        let state = fs::metadata(&path).ok().map(|meta| {
            let time = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
            (meta.len(), time.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX)))
        });
        Witness { path, state }
    }
}

/// The answer to `question` given before, if none of its witnesses changed, else the one `ask` gives now, which names
/// the files that answer depends on. `question` is all that selects the answer besides files: paths, variables.
pub(super) fn remembered<T: Serialize + DeserializeOwned>(
    home: &Home,
    kind: &str,
    question: &impl Serialize,
    ask: impl FnOnce() -> (T, Vec<PathBuf>),
) -> T {
    let place = place(home, kind, question);
    if let Some(known) = place.as_deref().and_then(recall) {
        return known;
    }
    let (answer, files) = ask();
    let remembered = Remembered { witnesses: files.into_iter().map(Witness::of).collect(), answer };
    if let (Some(place), Ok(text)) = (place, serde_json::to_vec(&remembered)) {
        // A cache that cannot be written costs time at the next run, and nothing else.
        let _ = cache::write_whole(&place, &text);
    }
    remembered.answer
}

/// Where the answer is kept; `None` where the question has no text (a path that is not Unicode).
fn place(home: &Home, kind: &str, question: &impl Serialize) -> Option<PathBuf> {
    let text = serde_json::to_vec(&(FORMAT, kind, question)).ok()?;
    let key = blake3::hash(&text).to_hex();
    Some(home.root.join(cache::PROBES).join(format!("{kind}-{}.json", &key[..16])))
}

fn recall<T: DeserializeOwned>(place: &Path) -> Option<T> {
    let known: Remembered<T> = serde_json::from_slice(&fs::read(place).ok()?).ok()?;
    known.witnesses.iter().all(|w| Witness::of(w.path.clone()) == *w).then_some(known.answer)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn asks_once_until_a_witness_changes() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { root: temp.path().join("home") };
        let (tool, absent) = (temp.path().join("tool"), temp.path().join("absent"));
        fs::write(&tool, "one").unwrap();
        let asked = Cell::new(0);
        let ask = || {
            remembered(&home, "tool", &"version?", || {
                asked.set(asked.get() + 1);
                (fs::read_to_string(&tool).unwrap(), vec![tool.clone(), absent.clone()])
            })
        };
        assert_eq!((ask(), ask(), asked.get()), ("one".into(), "one".into(), 1));
        fs::write(&tool, "three").unwrap();
        assert_eq!((ask(), ask(), asked.get()), ("three".into(), "three".into(), 2));
        fs::write(&absent, "").unwrap();
        assert_eq!((ask(), asked.get()), ("three".into(), 3));
    }

    #[test]
    fn another_question_has_another_answer_and_a_torn_one_is_asked_again() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { root: temp.path().into() };
        let ask = |question: &str| remembered(&home, "t", &question, || (question.to_uppercase(), vec![]));
        assert_eq!((ask("a"), ask("b")), ("A".into(), "B".into()));
        let place = place(&home, "t", &"a").unwrap();
        fs::write(&place, "{\"witnesses\":[],\"ans").unwrap();
        assert_eq!(ask("a"), "A");
    }

    #[test]
    fn a_home_that_cannot_be_written_only_forgets() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("file"), "").unwrap();
        let home = Home { root: temp.path().join("file") };
        assert_eq!(remembered(&home, "t", &1, || (2, vec![])), 2);
    }
}
