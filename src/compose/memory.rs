//! What is remembered of parts and of apps, so that it need not be found out again.
//!
//! 1. Of a part, by the digest of its bytes: that it is valid, and the digest of its types.
//! 2. Of an app, by its parts' names and types and all else that decides the wiring: its [`Recipe`], which was found to
//!    fit together.
//!
//! So a part that has changed is validated, and the others are not looked at again; where its types are what they were,
//! nothing is planned or encoded anew. It lies in the cache folder's store, which gives back what was put or nothing; each
//! build of Mosaic's composer has its own.

use std::fs;

use blake3::Hash;
use indexmap::IndexMap;

use super::recipe::Recipe;
use crate::cache::Home;

const PARTS: &str = "composed-parts";
const APPS: &str = "composed-apps";
/// Parts that are remembered, the last seen.
const MOST: usize = 10_000;
/// Two digests.
const ENTRY: usize = 64;

/// What is remembered, as it was when it was opened, and what has been added.
#[derive(Debug)]
pub struct Memory {
    home: Home,
    parts: IndexMap<[u8; 32], [u8; 32]>,
    changed: bool,
}

impl Memory {
    /// Opens it; where it cannot be read, nothing is remembered.
    pub fn open(home: Home) -> Memory {
        let stored = home.get(PARTS, env!("MOSAIC_COMPOSER")).ok().flatten().and_then(|path| fs::read(path).ok());
        let mut parts = IndexMap::new();
        for entry in stored.as_deref().unwrap_or_default().chunks_exact(ENTRY) {
            let (part, types) = entry.split_at(ENTRY / 2);
            if let (Ok(part), Ok(types)) = (part.try_into(), types.try_into()) {
                parts.insert(part, types);
            }
        }
        Memory { home, parts, changed: false }
    }

    pub(super) fn home(&self) -> &Home {
        &self.home
    }

    /// The digest of a part's types, if the part is known to be valid.
    pub(super) fn types(&self, part: &Hash) -> Option<Hash> {
        self.parts.get(part.as_bytes()).copied().map(Hash::from_bytes)
    }

    pub(super) fn valid(&mut self, part: Hash, types: Hash) {
        self.parts.shift_remove(part.as_bytes());
        self.parts.insert(*part.as_bytes(), *types.as_bytes());
        self.changed = true;
    }

    pub(super) fn recipe(&self, key: &Hash) -> Option<Recipe> {
        let path = self.home.get(APPS, &key.to_hex()).ok()??;
        Recipe::read(&fs::read(path).ok()?)
    }

    /// Keeps a recipe. A store that cannot be written costs time, nothing else.
    pub(super) fn keep(&self, key: &Hash, recipe: &Recipe) {
        let _ = self.home.put(APPS, &key.to_hex(), &recipe.written());
    }

    /// Writes what has been added.
    pub fn save(self) {
        if self.changed {
            let last = self.parts.len().saturating_sub(MOST);
            let bytes: Vec<u8> = self.parts[last..].iter().flat_map(|(part, types)| [*part, *types].concat()).collect();
            let _ = self.home.put(PARTS, env!("MOSAIC_COMPOSER"), &bytes);
        }
    }
}
