//! Packages to one [`Resolve`], each after those it needs.
//!
//! wit-parser does this too (`push_groups`), with a copy of every text. Here the texts are moved; the order is its own:
//! by name, each package after its dependencies. Where there is none, because packages need each other or two have one
//! name, wit-parser is asked after all, for it says what is wrong.

use std::collections::{BTreeMap, HashSet};

use wit_parser::{PackageId, PackageName, Resolve, ResolveError, UnresolvedPackage, UnresolvedPackageGroup};

/// Adds packages, which need nothing but each other and what is there. Gives the main one's id.
pub(super) fn link(
    resolve: &mut Resolve,
    main: Option<UnresolvedPackageGroup>,
    mut groups: Vec<UnresolvedPackageGroup>,
) -> Result<Option<PackageId>, ResolveError> {
    let wanted = main.as_ref().map(|group| group.main.name.clone());
    // Whichever comes first drags in the rest.
    let first = match main {
        Some(main) => main,
        None if groups.is_empty() => return Ok(None),
        None => groups.remove(0),
    };
    let Some(order) = order(&first, &groups) else {
        let id = resolve.push_groups(first, groups)?;
        return Ok(wanted.map(|_| id));
    };
    let mut packages = BTreeMap::new();
    for UnresolvedPackageGroup { main, nested, source_map } in std::iter::once(first).chain(groups) {
        let offset = resolve.push_source_map(source_map);
        packages.extend(nested.into_iter().chain([main]).map(|package| (package.name.clone(), (package, offset))));
    }
    let mut found = None;
    for name in order {
        if let Some((package, offset)) = packages.remove(&name) {
            let id = resolve.push(package, offset)?;
            if wanted.as_ref() == Some(&name) {
                found = Some(id);
            }
        }
    }
    Ok(found)
}

/// The order in which packages can be added; `None` where there is none, or two have one name.
fn order(first: &UnresolvedPackageGroup, groups: &[UnresolvedPackageGroup]) -> Option<Vec<PackageName>> {
    let mut packages: BTreeMap<&PackageName, &UnresolvedPackage> = BTreeMap::new();
    for group in std::iter::once(first).chain(groups) {
        for package in std::iter::once(&group.main).chain(&group.nested) {
            if packages.insert(&package.name, package).is_some() {
                return None;
            }
        }
    }
    let mut order = Vec::with_capacity(packages.len());
    let mut done: HashSet<&PackageName> = HashSet::new();
    let mut open: HashSet<&PackageName> = HashSet::new();
    for (name, package) in &packages {
        // The path from a package to one it needs: each with what is still to be looked at, the next one last.
        let mut path = vec![(*name, needs(package))];
        open.insert(name);
        if done.contains(name) {
            open.remove(name);
            continue;
        }
        while let Some((name, rest)) = path.last_mut() {
            match rest.pop() {
                Some(needed) if open.contains(needed) => return None,
                Some(needed) => {
                    if let Some(package) = packages.get(needed).filter(|_| !done.contains(needed)) {
                        open.insert(needed);
                        path.push((needed, needs(package)));
                    }
                }
                None => {
                    open.remove(*name);
                    done.insert(name);
                    order.push((*name).clone());
                    path.pop();
                }
            }
        }
    }
    Some(order)
}

fn needs(package: &UnresolvedPackage) -> Vec<&PackageName> {
    package.foreign_deps.keys().rev().collect()
}

#[cfg(test)]
mod tests {
    use wit_parser::SourceMap;

    use super::*;

    fn group(text: &str) -> UnresolvedPackageGroup {
        let mut map = SourceMap::new();
        map.push_str("package.wit", text);
        map.parse().unwrap_or_else(|(_, error)| panic!("{error}"))
    }

    fn names(resolve: &Resolve) -> Vec<String> {
        resolve.packages.iter().map(|(_, package)| package.name.to_string()).collect()
    }

    const MAIN: &str = "package m:m; interface i { use z:z/t.{x}; use c:c/t.{x as y}; } world w { include z:z/w; }
        package n:n { interface t { type x = u8; } }";
    const OTHERS: [&str; 4] = [
        "package z:z; interface t { use a:a/t.{x}; } world w { import b:b/t; import a:a/t; }",
        "package a:a; interface t { type x = u8; }",
        "package c:c; interface t { use z:z/t.{x}; }",
        "package b:b; interface t { use n:n/t.{x}; }",
    ];

    #[test]
    fn the_order_and_the_result_are_those_of_wit_parser() {
        for main in [Some(MAIN), None] {
            let (mut ours, mut theirs) = (Resolve::default(), Resolve::default());
            let rest = || OTHERS.iter().chain(main.is_none().then_some(&MAIN)).map(|text| group(text));
            let id = link(&mut ours, main.map(group), rest().collect()).unwrap();
            let mut rest = rest();
            let first = main.map_or_else(|| rest.next().unwrap(), group);
            let expected = theirs.push_groups(first, rest.collect()).unwrap();
            assert_eq!(names(&ours), names(&theirs));
            assert_eq!(id.map(|id| id.index()), main.map(|_| expected.index()));
            assert_eq!(serde_json::to_value(&ours).unwrap(), serde_json::to_value(&theirs).unwrap());
            let spans = |resolve: &Resolve| -> Vec<String> {
                resolve.interfaces.iter().map(|(_, interface)| resolve.render_location(interface.span)).collect()
            };
            assert_eq!(spans(&ours), spans(&theirs));
        }
        assert_eq!(link(&mut Resolve::default(), None, Vec::new()).unwrap(), None);
    }

    #[test]
    fn what_has_no_order_is_told_as_wit_parser_does() {
        let cycle = ["package a:a; interface t { use b:b/t.{x}; }", "package b:b; interface t { use a:a/t.{x}; }"];
        let twice = ["package a:a; interface t {}", "package a:a; interface u {}"];
        for texts in [cycle, twice] {
            let mut groups = texts.map(group).into_iter();
            let ours = link(&mut Resolve::default(), groups.next(), groups.collect()).unwrap_err();
            let mut groups = texts.map(group).into_iter();
            let first = groups.next().unwrap();
            let theirs = Resolve::default().push_groups(first, groups.collect()).unwrap_err();
            assert_eq!(ours.to_string(), theirs.to_string());
        }
    }
}
