//! `mosaic:grants`: a custom section in which an artifact says what each of its parts is granted.
//!
//! It is JSON: `{"version":1,"parts":{"gateway":[{"kv":"visits"},"logging"],"auth":[{"env":"KEY"}]}}`. A part of the app
//! that is not among them is granted nothing. Where the imports of parts are kept apart, `"apart":{"auth-config-store":["auth"]}` says
//! which parts are behind each: behind any other import are all of them. Folders are relative, to the project's root where it was composed and to
//! wherever it is run. The values of variables are not in it: whoever runs the artifact has them.
//!
//! Invariants: only the outermost component's section counts, and it has one at most; what it says is bounded and read
//! whole or refused, never in part; the same grants give the same bytes.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    io::{self, Read, Seek, SeekFrom},
};

use serde::{Deserialize, Serialize};

/// The section's name.
pub const NAME: &str = "mosaic:grants";

const VERSION: u32 = 1;

/// More than any app has to say, in bytes.
const MAX_BYTES: u32 = 1 << 20;

/// What the parts of an artifact are granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Section {
    pub parts: BTreeMap<String, Vec<Held>>,
    /// Imports that are kept apart, by their labels: the parts behind each, whose grants are granted there, and no others.
    pub apart: BTreeMap<String, Vec<String>>,
}

/// One thing that a part is granted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Held {
    /// A bucket of wasi:keyvalue.
    Kv(String),
    /// A container of wasi:blobstore.
    Blob(String),
    /// A topic of wasi:messaging to send to.
    Topic(String),
    /// `host` or `host:port` that outgoing HTTP requests may go to.
    HttpOut(String),
    Dir {
        /// Relative.
        path: String,
        /// As the guest sees it; else the folder's own name at its root.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guest: Option<String>,
        #[serde(default)]
        readonly: bool,
    },
    /// The name of an environment variable.
    Env(String),
    /// A key of wasi:config.
    Config(String),
    /// `host:port` of a peer of sockets.
    Net(String),
    Logging,
    /// A family of interfaces whole, by its word in a manifest.
    Family(String),
}

/// Why a section cannot be honoured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not be read")]
    Read(#[from] io::Error),
    #[error("is there twice")]
    Twice,
    #[error("is larger than a mebibyte")]
    TooLarge,
    #[error("says what this version of Mosaic does not know: {0}")]
    Malformed(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    version: u32,
    parts: Cow<'a, BTreeMap<String, Vec<Held>>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    apart: Cow<'a, BTreeMap<String, Vec<String>>>,
}

fn is_empty(apart: &BTreeMap<String, Vec<String>>) -> bool {
    apart.is_empty()
}

impl Section {
    /// Adds the section to a component, at its end.
    pub fn append_to(&self, component: &mut Vec<u8>) {
        let (parts, apart) = (Cow::Borrowed(&self.parts), Cow::Borrowed(&self.apart));
        let document = Document { version: VERSION, parts, apart };
        let json = serde_json::to_vec(&document).expect("maps and lists of texts");
        let section = wasm_encoder::CustomSection { name: NAME.into(), data: json.into() };
        wasm_encoder::ComponentSection::append_to_component(&section, component);
    }

    /// The section of a binary component, if it has one. Nothing else of it is read.
    pub fn read(component: &mut (impl Read + Seek)) -> Result<Option<Section>, Error> {
        let end = component.seek(SeekFrom::End(0))?;
        component.seek(SeekFrom::Start(0))?;
        let mut header = [0; 8];
        if component.read_exact(&mut header).is_err() || header[..4] != *b"\0asm" {
            return Ok(None);
        }
        let mut found = None;
        let mut id = [0];
        // What is no sequence of sections is no component, which is for others to tell.
        while component.read(&mut id)? == 1 {
            let Some(length) = number(component)? else { break };
            let start = component.stream_position()?;
            let Some(next) = start.checked_add(length.into()).filter(|next| *next <= end) else { break };
            if id[0] == 0 && is_ours(component)? {
                if found.is_some() {
                    return Err(Error::Twice);
                }
                let at = component.stream_position()?;
                let length = next.saturating_sub(at);
                if length > MAX_BYTES.into() {
                    return Err(Error::TooLarge);
                }
                let mut json = Vec::new();
                component.take(length).read_to_end(&mut json)?;
                found = Some(parsed(&json)?);
            }
            // Relative to where it is, a reader that has more of the file already does not read it again.
            let ahead = next.saturating_sub(component.stream_position()?);
            component.seek_relative(i64::try_from(ahead).unwrap_or(i64::MAX))?;
        }
        Ok(found)
    }
}

fn parsed(json: &[u8]) -> Result<Section, Error> {
    let document: Document<'_> = serde_json::from_slice(json).map_err(|error| Error::Malformed(error.to_string()))?;
    if document.version != VERSION {
        return Err(Error::Malformed(format!("version {}", document.version)));
    }
    let section = Section { parts: document.parts.into_owned(), apart: document.apart.into_owned() };
    for (label, parts) in &section.apart {
        if parts.is_empty() {
            return Err(Error::Malformed(format!("no part is behind `{label}`")));
        }
        if let Some(unknown) = parts.iter().find(|part| !section.parts.contains_key(*part)) {
            return Err(Error::Malformed(format!("`{unknown}`, behind `{label}`, is no part")));
        }
    }
    Ok(section)
}

/// Whether a custom section, whose content begins here, has our name.
fn is_ours(component: &mut impl Read) -> Result<bool, Error> {
    if number(component)? != u32::try_from(NAME.len()).ok() {
        return Ok(false);
    }
    let mut name = [0; NAME.len()];
    Ok(component.read_exact(&mut name).is_ok() && name == NAME.as_bytes())
}

/// An unsigned LEB128 number; `None` where there is none.
fn number(from: &mut impl Read) -> Result<Option<u32>, Error> {
    let mut number = 0u64;
    for shift in [0, 7, 14, 21, 28] {
        let mut byte = [0];
        if from.read(&mut byte)? == 0 {
            return Ok(None);
        }
        number |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            return Ok(u32::try_from(number).ok());
        }
    }
    Ok(None)
}

/// As a manifest writes it.
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Held::Kv(bucket) => write!(f, "kv = {bucket:?}"),
            Held::Blob(container) => write!(f, "blob = {container:?}"),
            Held::Topic(topic) => write!(f, "topic = {topic:?}"),
            Held::HttpOut(authority) => write!(f, "http-out = {authority:?}"),
            Held::Dir { path, readonly, .. } => {
                write!(f, "dir = {path:?}")?;
                if *readonly { f.write_str(", readonly = true") } else { Ok(()) }
            }
            Held::Env(name) => write!(f, "env = {name:?}"),
            Held::Config(key) => write!(f, "config = {key:?}"),
            Held::Net(address) => write!(f, "net = {address:?}"),
            Held::Logging => f.write_str("logging = true"),
            Held::Family(word) => write!(f, "{word:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn section() -> Section {
        let gateway = vec![
            Held::Kv("visits".into()),
            Held::Dir { path: "data".into(), guest: None, readonly: true },
            Held::Logging,
            Held::Family("sockets".into()),
        ];
        let parts = BTreeMap::from([("auth".to_owned(), Vec::new()), ("gateway".to_owned(), gateway)]);
        Section { parts, apart: BTreeMap::new() }
    }

    fn read(bytes: Vec<u8>) -> Result<Option<Section>, Error> {
        Section::read(&mut Cursor::new(bytes))
    }

    fn component() -> Vec<u8> {
        wat::parse_str("(component (core module (@custom \"x\" \"y\") (func)) (@custom \"mosaic\" \"z\"))").unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut bytes = component();
        assert_eq!(read(bytes.clone()).unwrap(), None);
        section().append_to(&mut bytes);
        assert_eq!(read(bytes.clone()).unwrap(), Some(section()));
        assert!(wasmparser::Validator::new().validate_all(&bytes).is_ok());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = r#"{"version":1,"parts":{"auth":[],"gateway":[{"kv":"visits"},{"dir":{"path":"data","readonly":true}},"logging",{"family":"sockets"}]}}"#;
        assert!(text.ends_with(json), "{text}");
    }

    #[test]
    fn only_the_outermost_section_counts_and_only_one() {
        let mut inner = component();
        section().append_to(&mut inner);
        let mut outer = wasm_encoder::Component::new();
        outer.section(&wasm_encoder::RawSection { id: 4, data: &inner });
        assert_eq!(read(outer.finish()).unwrap(), None);
        section().append_to(&mut inner);
        assert!(matches!(read(inner), Err(Error::Twice)));
    }

    #[test]
    fn what_is_not_understood_is_refused_whole() {
        for json in [
            "",
            "{}",
            r#"{"version":2,"parts":{}}"#,
            r#"{"version":1,"parts":{},"more":1}"#,
            r#"{"version":1,"parts":{"a":[{"sudo":"x"}]}}"#,
            r#"{"version":1,"parts":{"a":[]},"apart":{"a-store":["b"]}}"#,
            r#"{"version":1,"parts":{"a":[]},"apart":{"a-store":[]}}"#,
            r#"{"version":1,"parts":{"a":[]},"apart":{"a-store":"a"}}"#,
            r#"{"version":1,"parts":{"a":[{"dir":{"path":"x","writable":true}}]}}"#,
        ] {
            let mut bytes = component();
            let custom = wasm_encoder::CustomSection { name: NAME.into(), data: json.as_bytes().into() };
            wasm_encoder::ComponentSection::append_to_component(&custom, &mut bytes);
            assert!(matches!(read(bytes), Err(Error::Malformed(_))), "{json}");
        }
    }

    #[test]
    fn what_is_cut_off_or_no_component_has_no_section() {
        let mut bytes = component();
        section().append_to(&mut bytes);
        for length in 0..bytes.len() {
            assert!(matches!(read(bytes[..length].to_vec()), Ok(None)), "{length}");
        }
        assert!(matches!(read(b"(component)".to_vec()), Ok(None)));
    }
}
