//! One pass over WIT that keeps as little as it can: does it resolve?
//!
//! 1. Packages are read and parsed on several cores, where there is much. A text goes as soon as it is parsed, so spans
//!    point nowhere; and so do comments.
//! 2. A package is linked as soon as those are that it needs; what is parsed and waits is little, where packages that
//!    belong together lie together.
//! 3. What waits for the bundle, or for nothing that is there, goes the way of [`universe`](super::universe).
//!
//! Where anything at all is wrong, this gives up and says nothing: whoever asked goes the long way, which keeps the texts
//! and says what is wrong where.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

use wit_parser::{
    Docs, PackageName, Resolve, SourceMap, TypeDefKind, UnresolvedPackage, UnresolvedPackageGroup, WorldItem,
};

use super::{
    limits,
    parse::{self, Ready},
    read::{PackagePlace, Reader, Source},
    universe::{Parts, Size, Texts, Universe, load},
};

/// Packages that may be parsed and not yet looked at.
const AHEAD: usize = 8;

/// What is at a place below a root. `None` where it has to be looked at in another way.
pub(super) fn pass(root: &Path, place: &Path) -> Option<Universe> {
    limits::guarded(|| walk(root, place)).ok().flatten()
}

fn walk(root: &Path, place: &Path) -> Option<Universe> {
    let places = Reader::new(root).places(place).ok()?;
    let files = places.iter().flat_map(|place| &place.files);
    let size = files.clone().map(|file| fs::metadata(file).map(|state| state.len())).sum::<Result<u64, _>>().ok()?;
    let size = usize::try_from(size).ok().filter(|size| *size <= limits::WIT_BYTES)?;
    if files.count() > limits::WIT_FILES {
        return None;
    }
    let mut linking = Linking::default();
    let threads = parse::threads(size, places.len());
    if threads == 1 {
        for (at, place) in places.iter().enumerate() {
            linking.add(at, parsed(&mut Reader::new(root), place)?)?;
        }
        return linking.finish();
    }
    let next = AtomicUsize::new(0);
    let work = |send: SyncSender<_>| {
        let mut reader = Reader::new(root);
        while let Some((at, place)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            places.get(at).map(|place| (at, place))
        } {
            let parsed = parsed(&mut reader, place).map(|group| (at, group));
            let is_last = parsed.is_none();
            // Nobody listens any more once one has failed.
            if send.send(parsed).is_err() || is_last {
                return;
            }
        }
    };
    thread::scope(|scope| {
        let (send, receive) = sync_channel(AHEAD);
        for _ in 0..threads {
            let send = send.clone();
            limits::deep().spawn_scoped(scope, || work(send)).ok()?;
        }
        drop(send);
        for parsed in receive {
            let (at, group) = parsed?;
            linking.add(at, group)?;
        }
        linking.finish()
    })
}

/// A package without its texts and comments.
fn parsed(reader: &mut Reader<'_>, place: &PackagePlace) -> Option<UnresolvedPackageGroup> {
    let Source::Text(files) = reader.source(place).ok()? else { return None };
    let mut group = parse::package(&files).ok()?;
    group.source_map = SourceMap::default();
    std::iter::once(&mut group.main).chain(&mut group.nested).for_each(without_comments);
    Some(group)
}

/// Nothing is decided by them, and they are most of a package.
fn without_comments(package: &mut UnresolvedPackage) {
    let gone = |docs: &mut Docs| docs.contents = None;
    gone(&mut package.docs);
    for (_, ty) in package.types.iter_mut() {
        gone(&mut ty.docs);
        match &mut ty.kind {
            TypeDefKind::Record(record) => record.fields.iter_mut().for_each(|field| gone(&mut field.docs)),
            TypeDefKind::Variant(variant) => variant.cases.iter_mut().for_each(|case| gone(&mut case.docs)),
            TypeDefKind::Enum(cases) => cases.cases.iter_mut().for_each(|case| gone(&mut case.docs)),
            TypeDefKind::Flags(flags) => flags.flags.iter_mut().for_each(|flag| gone(&mut flag.docs)),
            _ => {}
        }
    }
    for (_, interface) in package.interfaces.iter_mut() {
        gone(&mut interface.docs);
        interface.functions.values_mut().for_each(|function| gone(&mut function.docs));
    }
    for (_, world) in package.worlds.iter_mut() {
        gone(&mut world.docs);
        for item in world.imports.values_mut().chain(world.exports.values_mut()) {
            if let WorldItem::Function(function) = item {
                gone(&mut function.docs);
            }
        }
    }
}

/// Packages on their way into a [`Resolve`].
#[derive(Default)]
struct Linking {
    resolve: Resolve,
    size: Size,
    main: Option<UnresolvedPackageGroup>,
    /// Each with the number of packages it waits for; gone once it is linked.
    waiting: Vec<Option<(UnresolvedPackageGroup, usize)>>,
    /// Who waits for a package.
    for_whom: HashMap<PackageName, Vec<usize>>,
}

impl Linking {
    fn add(&mut self, at: usize, group: UnresolvedPackageGroup) -> Option<()> {
        if at == 0 {
            self.main = Some(group);
            return Some(());
        }
        let slot = self.waiting.len();
        let mut missing = 0;
        for name in group.main.foreign_deps.keys().filter(|name| !self.resolve.package_names.contains_key(*name)) {
            missing += 1;
            self.for_whom.entry(name.clone()).or_default().push(slot);
        }
        // Those with others nested in them are few, and put in order at the end.
        missing += usize::from(!group.nested.is_empty());
        self.waiting.push(Some((group, missing)));
        let mut ready = vec![slot];
        while let Some(slot) = ready.pop() {
            let Some((group, 0)) = self.waiting.get_mut(slot)?.take_if(|(_, missing)| *missing == 0) else { continue };
            let name = group.main.name.clone();
            let known = self.resolve.package_names.contains_key(&name);
            if known || self.size.add(&group).is_some() {
                return None;
            }
            self.resolve.push(group.main, 0).ok()?;
            for slot in self.for_whom.remove(&name).unwrap_or_default() {
                if let Some((_, missing)) = self.waiting.get_mut(slot)? {
                    *missing -= 1;
                    ready.push(slot);
                }
            }
        }
        Some(())
    }

    fn finish(self) -> Option<Universe> {
        let waiting = self.waiting.into_iter().flatten().map(|(group, _)| group);
        let ready = self.main.into_iter().chain(waiting).map(|group| Ready::Text(Box::new(Ok(group)))).collect();
        let (resolve, size) = (self.resolve, self.size);
        load(Parts { ready, has_main: true, named: Vec::new(), texts: Texts::default(), resolve, size }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Wit, sound},
        *,
    };

    /// Packages in an order that has some wait, one of the bundle, one nested, one draft.
    fn lay(folder: &Path) {
        let write = |path: &str, text: &str| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("main.wit", "package m:m@1.0.0; world w { include a:a/w; import wasi:logging/logging; import n:n/t; }");
        write("deps/a/a.wit", "package a:a; world w { import b:b/t; import wasi:clocks/wall-clock@0.2.3; }");
        write("deps/a/more.wit", "package a:a; interface more { use z:z/t.{x}; }");
        write("deps/b.wit", "package b:b; interface t { use z:z/t.{x}; f: func() -> x; }");
        write("deps/y.wit", "package y:y; interface t { type x = u8; } package n:n { interface t { use y:y/t.{x}; } }");
        write("deps/z.wit", "package z:z; interface t { type x = u8; }");
    }

    /// What a world sees, in any order of packages.
    fn imports(resolve: &Resolve) -> Vec<String> {
        let worlds = resolve.worlds.iter().filter(|(_, world)| world.name == "w");
        let mut names: Vec<_> =
            worlds.flat_map(|(_, world)| world.imports.keys().map(|key| resolve.name_world_key(key))).collect();
        names.sort();
        names
    }

    #[test]
    fn it_finds_what_the_long_way_finds() {
        let folder = tempfile::tempdir().unwrap();
        lay(folder.path());
        let root = folder.path().canonicalize().unwrap();
        let universe = pass(&root, Path::new("")).unwrap();
        assert_eq!(universe.resolve.packages[universe.main.unwrap()].name.to_string(), "m:m@1.0.0");
        let long = Wit::read(&root, &root).unwrap();
        assert_eq!(imports(&universe.resolve), imports(&long.resolve));
        let names =
            |resolve: &Resolve| resolve.package_names.keys().cloned().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(names(&universe.resolve), names(&long.resolve));
    }

    #[test]
    fn what_is_wrong_is_told_as_the_long_way_tells_it() {
        for (file, text) in [
            ("deps/z.wit", "package z:z; interface t { type x = ; }"),
            ("deps/z.wit", "package z:z; interface t { type y = u8; }"),
            ("deps/z.wit", "package z:z; interface t { use b:b/t.{x}; }"),
            ("deps/z.wit", "package b:b; interface t { type x = u8; }"),
            ("main.wit", "package m:m; world w { import nobody:knows/this; }"),
            ("main.wit", "package m:m; world w { import a:a/not; }"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            lay(folder.path());
            fs::write(folder.path().join(file), text).unwrap();
            let told = |error: super::super::Error| {
                let problems = crate::diagnostic::Diagnose::problems(&error);
                problems.into_iter().map(|problem| (problem.code, problem.message)).collect::<Vec<_>>()
            };
            let short = told(sound(folder.path()).unwrap_err());
            assert_eq!(short, told(Wit::read(folder.path(), folder.path()).unwrap_err()), "{text}");
        }
    }

    #[test]
    fn much_of_it_is_walked_on_all_cores() {
        let folder = tempfile::tempdir().unwrap();
        lay(folder.path());
        let comment = "// much to read\n".repeat(4_000);
        for n in 0..40 {
            let text = format!("{comment}package many:p{n}; interface t {{ use z:z/t.{{x}}; }}");
            fs::write(folder.path().join(format!("deps/p{n}.wit")), text).unwrap();
        }
        let (resolve, main) = sound(folder.path()).unwrap();
        assert_eq!(resolve.packages[main].name.to_string(), "m:m@1.0.0");
        assert!(resolve.packages.iter().filter(|(_, package)| package.name.namespace == "many").count() == 40);
    }
}
