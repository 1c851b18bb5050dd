//! Versions: of packages, and since when items are there.

use std::collections::{BTreeSet, HashSet};

use wit_parser::{PackageName, Stability, Type, TypeId, TypeOwner};

use super::{
    items::{Found, Linter, Named, Place, feature, mentions},
    rules::{DEPRECATED_BEFORE_SINCE, FEATURES_ENTANGLED, PACKAGE_UNVERSIONED, SINCE_MISSING, VERSION_WITHOUT_TRACK},
};
use crate::check::compat::Item;

impl Linter<'_> {
    pub(super) fn package_version(&mut self, name: &PackageName, item: &Item) {
        let (rule, detail) = match &name.version {
            None => (&PACKAGE_UNVERSIONED, format!("{}:{}", name.namespace, name.name)),
            // A draft says so itself.
            Some(version) if (version.major, version.minor) == (0, 0) && version.pre.is_empty() => {
                (&VERSION_WITHOUT_TRACK, version.to_string())
            }
            Some(_) => return,
        };
        let (item, detail) = (item.clone(), Some(detail));
        self.found.push(Found { rule, item, detail, at: Place::Package, other: None });
    }

    /// `beside`: who says since when it is there, where somebody does.
    pub(super) fn gates(&mut self, named: Named<'_>, beside: Option<&str>) {
        match (named.stability, beside) {
            (Stability::Unknown, Some(beside)) => {
                self.tell(&SINCE_MISSING, named.item, beside.to_owned(), named.span);
            }
            (Stability::Stable { since, deprecated: Some(deprecated) }, _) if deprecated < since => {
                self.tell(&DEPRECATED_BEFORE_SINCE, named.item, deprecated.to_string(), named.span);
            }
            _ => {}
        }
    }

    /// What is behind one feature and made of what is behind another. `behind`: features of what the item is in.
    pub(super) fn entangled(
        &mut self,
        named: Named<'_>,
        behind: &BTreeSet<&str>,
        made_of: impl FnOnce(&mut dyn FnMut(&Type)),
    ) {
        let mut given = behind.clone();
        given.extend(feature(named.stability));
        // What is behind none is held to it by the parser.
        if given.is_empty() {
            return;
        }
        let mut needed = Vec::new();
        made_of(&mut |ty| needed.extend(self.named_types(ty)));
        for id in needed {
            let def = &self.resolve.types[id];
            let owner = match def.owner {
                TypeOwner::Interface(id) => feature(&self.resolve.interfaces[id].stability),
                TypeOwner::World(id) => feature(&self.resolve.worlds[id].stability),
                TypeOwner::None => None,
            };
            if feature(&def.stability).into_iter().chain(owner).any(|feature| !given.contains(feature)) {
                let name = def.name.clone().unwrap_or_default();
                return self.tell_both(&FEATURES_ENTANGLED, named.item, name, named.span, def.span);
            }
        }
    }

    /// The types with names that a type is or is made of, without those they are made of.
    fn named_types(&self, ty: &Type) -> Vec<TypeId> {
        let mut named = Vec::new();
        let mut seen = HashSet::new();
        let mut left = vec![*ty];
        while let Some(ty) = left.pop() {
            let Type::Id(id) = ty else { continue };
            match &self.resolve.types[id] {
                def if def.name.is_some() => named.push(id),
                def if seen.insert(id) => mentions(&def.kind, &mut |ty| left.push(*ty)),
                _ => {}
            }
        }
        named
    }
}
