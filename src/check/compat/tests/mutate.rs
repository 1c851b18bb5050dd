//! Seeded edits of real WIT: the mutator knows what it did.

use std::collections::HashSet;

use wit_component::WitPrinter;
use wit_parser::{
    Case, Docs, EnumCase, Field, Flag, Function, FunctionKind, InterfaceId, PackageId, Param, Resolve, Span, Stability,
    Type, TypeDefKind, TypeId, WorldItem, WorldKey,
};

use super::super::Compat;
use crate::resolve::{Subject, Wit};

/// xorshift64*, from a seed.
pub(super) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).expect("31 bits") % bound
    }
}

/// A package as it was and with some edits.
pub(super) struct Mutant {
    pub old: Wit,
    pub new: Wit,
    pub edits: Vec<Edit>,
    /// The edited text.
    pub text: String,
}

/// One edit, and the rules of which one has to tell it.
#[derive(Debug)]
pub(super) struct Edit {
    /// A name that the finding mentions: of the function, the type or what is in it.
    name: String,
    rules: &'static [&'static str],
}

impl Edit {
    pub fn told_by(&self, compat: &Compat) -> bool {
        compat.findings.iter().any(|finding| {
            let text = format!("{} {:?} {:?}", finding.item, finding.old, finding.new);
            self.rules.contains(&finding.rule.id) && text.contains(&self.name)
        })
    }
}

/// Packages small enough to be compared a thousand times, and with everything that WIT has.
pub(super) fn originals() -> Vec<Wit> {
    let read = |place: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(place);
        Wit::read(&path, &path).expect("real WIT")
    };
    let bundled = [
        "wit/bundled/clocks/0.2.6",
        "wit/bundled/random/0.2.12",
        "wit/bundled/io/0.2.6",
        "wit/bundled/clocks/0.3.0",
        "wit/bundled/random/0.3.0",
        "wit/bundled/keyvalue/0.2.0-draft",
        "wit/bundled/logging/0.1.0-draft",
        "wit/bundled/filesystem/0.3.0",
        "wit/bundled/sockets/0.2.0",
        "wit/bundled/http/0.2.12",
    ];
    let shapes = include_str!("shapes.wit");
    bundled.map(read).into_iter().chain(std::iter::once(Wit::parse("shapes.wit", shapes).expect("good"))).collect()
}

impl Mutant {
    /// One to five edits of one package; `None` where none was possible.
    pub fn new(originals: &[Wit], random: &mut Random) -> Option<Mutant> {
        // The large ones are slow to judge; one in eight is enough.
        let which = if random.below(8) == 0 {
            random.below(originals.len())
        } else {
            [0, 1, 2, 3, 4, 5, 6, 10][random.below(8)]
        };
        let old = originals[which].clone();
        let Subject::Packages(own) = &old.subject else { panic!("WIT") };
        let package = own[0];
        let mut resolve = (*old.resolve).clone();
        let version = semver::Version::new(9, 0, 0);
        resolve.packages[package].name.version = Some(version);
        let mut editor = Editor { resolve, package, touched: HashSet::new(), fresh: 0 };
        let wanted = 1 + random.below(5);
        let mut edits = Vec::new();
        for _ in 0..wanted * 20 {
            if edits.len() == wanted {
                break;
            }
            edits.extend(editor.edit(random));
        }
        let mut printer = WitPrinter::default();
        printer.print(&editor.resolve, package, &[]).ok()?;
        let text = printer.output.to_string();
        let new = Wit::parse("mutant.wit", &text).unwrap_or_else(|error| panic!("{edits:?}: {error}\n{text}"));
        (!edits.is_empty()).then_some(Mutant { old, new, edits, text })
    }
}

struct Editor {
    resolve: Resolve,
    package: PackageId,
    /// Functions and types that have been edited: by interface and name.
    touched: HashSet<String>,
    fresh: usize,
}

const UNDOCUMENTED: Docs = Docs { contents: None };

impl Editor {
    fn edit(&mut self, random: &mut Random) -> Option<Edit> {
        let interfaces: Vec<_> = self.resolve.packages[self.package].interfaces.values().copied().collect();
        let interface = interfaces[random.below(interfaces.len())];
        match random.below(8) {
            0 => self.world(random),
            1..=4 => self.function(interface, random),
            _ => self.ty(interface, random),
        }
    }

    fn name(&mut self, stem: &str) -> String {
        self.fresh += 1;
        format!("{stem}-q{}", self.fresh)
    }

    fn touch(&mut self, interface: InterfaceId, name: &str) -> Option<()> {
        self.touched.insert(format!("{}/{name}", interface.index())).then_some(())
    }

    fn function(&mut self, interface: InterfaceId, random: &mut Random) -> Option<Edit> {
        let choice = random.below(13);
        let edit = |name: &str, rules| Some(Edit { name: name.to_owned(), rules });
        if choice == 0 {
            let name = self.name("added");
            let function = self.plain(&name);
            self.touch(interface, &name)?;
            self.resolve.interfaces[interface].functions.insert(name.clone(), function);
            return edit(&name, &["function-added", "function-renamed"]);
        }
        let names: Vec<_> = self.resolve.interfaces[interface].functions.keys().cloned().collect();
        let key = names.get(random.below(names.len().max(1)))?.clone();
        self.touch(interface, &key)?;
        let fresh = self.name("p");
        let function = &mut self.resolve.interfaces[interface].functions[&key];
        let constructor = matches!(function.kind, FunctionKind::Constructor(_));
        let shown = key.rsplit(['.', ']']).next().unwrap_or(&key).to_owned();
        let receiver = usize::from(matches!(function.kind, FunctionKind::Method(_) | FunctionKind::AsyncMethod(_)));
        let own = function.params.len() - receiver;
        let param = |name: String, ty| Param { name, ty, span: Span::default() };
        match choice {
            1 => {
                self.resolve.interfaces[interface].functions.shift_remove(&key);
                edit(
                    &shown,
                    &[
                        "function-removed",
                        "method-removed",
                        "static-removed",
                        "constructor-removed",
                        "function-renamed",
                    ],
                )
            }
            2 if !constructor => {
                let mut renamed = self.resolve.interfaces[interface].functions.shift_remove(&key)?;
                let name = format!("{key}-{fresh}");
                self.touch(interface, &name)?;
                renamed.name.clone_from(&name);
                self.resolve.interfaces[interface].functions.insert(name, renamed);
                edit(&shown, &["function-removed", "method-removed", "static-removed", "function-renamed"])
            }
            3 | 4 => {
                let place = receiver + random.below(own + 1);
                function.params.insert(place, param(fresh.clone(), Type::Bool));
                edit(&fresh, &["parameter-added", "parameter-renamed"])
            }
            5 if own > 0 => {
                let gone = function.params.remove(receiver + random.below(own));
                edit(&gone.name, &["parameter-removed"])
            }
            6 if own > 0 => {
                let place = receiver + random.below(own);
                let old = std::mem::replace(&mut function.params[place].name, fresh);
                edit(&old, &["parameter-renamed", "parameter-removed"])
            }
            7 | 8 if own > 0 => {
                let place = receiver + random.below(own);
                let other = another(function.params[place].ty);
                function.params[place].ty = other;
                let name = function.params[place].name.clone();
                edit(&name, &["parameter-retyped"])
            }
            9 if own > 1 => {
                let place = receiver + random.below(own - 1);
                function.params.swap(place, place + 1);
                edit(&shown, &["parameters-reordered"])
            }
            10 if !constructor => match function.result {
                Some(ty) if random.below(2) == 0 => {
                    function.result = Some(another(ty));
                    edit(&shown, &["result-retyped"])
                }
                Some(_) => {
                    function.result = None;
                    edit(&shown, &["result-removed"])
                }
                None => {
                    function.result = Some(Type::U64);
                    edit(&shown, &["result-added"])
                }
            },
            11 if !constructor => {
                function.kind = match function.kind {
                    FunctionKind::Freestanding => FunctionKind::AsyncFreestanding,
                    FunctionKind::AsyncFreestanding => FunctionKind::Freestanding,
                    FunctionKind::Method(id) => FunctionKind::AsyncMethod(id),
                    FunctionKind::AsyncMethod(id) => FunctionKind::Method(id),
                    FunctionKind::Static(id) => FunctionKind::AsyncStatic(id),
                    FunctionKind::AsyncStatic(id) => FunctionKind::Static(id),
                    _ => return None,
                };
                edit(&shown, &["became-async", "became-sync"])
            }
            12 => {
                function.docs = Docs { contents: Some(format!("Says {fresh}.")) };
                edit(&fresh, &["docs-changed"])
            }
            _ => None,
        }
    }

    fn ty(&mut self, interface: InterfaceId, random: &mut Random) -> Option<Edit> {
        let edit = |name: &str, rules| Some(Edit { name: name.to_owned(), rules });
        let names: Vec<_> = self.resolve.interfaces[interface].types.keys().cloned().collect();
        let name = names.get(random.below(names.len().max(1)))?.clone();
        let id: TypeId = self.resolve.interfaces[interface].types[&name];
        self.touch(interface, &name)?;
        let fresh = self.name("m");
        let choice = random.below(6);
        // What comes by `use` has no comment of its own.
        let is_used = matches!(self.resolve.types[id].kind, TypeDefKind::Type(Type::Id(_)));
        if choice == 5 && !is_used {
            self.resolve.types[id].docs = Docs { contents: Some(format!("Says {fresh}.")) };
            return edit(&fresh, &["docs-changed"]);
        }
        match &mut self.resolve.types[id].kind {
            TypeDefKind::Record(record) => {
                let fields = &mut record.fields;
                let place = random.below(fields.len());
                let field = |name: &str| Field {
                    name: name.to_owned(),
                    ty: Type::Bool,
                    docs: UNDOCUMENTED,
                    span: Span::default(),
                };
                match choice {
                    0 => fields.insert(place, field(&fresh)),
                    1 if fields.len() > 1 => return edit(&fields.remove(place).name, &["field-removed"]),
                    2 => {
                        let old = std::mem::replace(&mut fields[place].name, fresh);
                        return edit(&old, &["field-renamed", "field-removed"]);
                    }
                    3 if place > 0 => {
                        fields.swap(place, place - 1);
                        return edit(&name, &["fields-reordered"]);
                    }
                    4 => {
                        fields[place].ty = another(fields[place].ty);
                        return edit(&fields[place].name, &["field-retyped"]);
                    }
                    _ => return None,
                }
                edit(&fresh, &["field-added"])
            }
            TypeDefKind::Variant(variant) => {
                let cases = &mut variant.cases;
                let place = random.below(cases.len());
                let case = Case { name: fresh.clone(), ty: None, docs: UNDOCUMENTED, span: Span::default() };
                match choice {
                    0 => cases.insert(place, case),
                    1 if cases.len() > 1 => return edit(&cases.remove(place).name, &["case-removed"]),
                    2 => {
                        let old = std::mem::replace(&mut cases[place].name, fresh);
                        return edit(&old, &["case-renamed", "case-removed"]);
                    }
                    3 if place > 0 => {
                        cases.swap(place, place - 1);
                        return edit(&name, &["cases-reordered"]);
                    }
                    4 => {
                        cases[place].ty = Some(cases[place].ty.map_or(Type::Char, another));
                        return edit(&cases[place].name, &["case-retyped"]);
                    }
                    _ => return None,
                }
                edit(&fresh, &["case-added"])
            }
            TypeDefKind::Enum(of) => {
                let cases = &mut of.cases;
                let place = random.below(cases.len());
                match choice {
                    0 => {
                        cases.insert(place, EnumCase { name: fresh.clone(), docs: UNDOCUMENTED, span: Span::default() })
                    }
                    1 if cases.len() > 1 => return edit(&cases.remove(place).name, &["enum-case-removed"]),
                    2 => {
                        let old = std::mem::replace(&mut cases[place].name, fresh);
                        return edit(&old, &["enum-case-renamed", "enum-case-removed"]);
                    }
                    3 if place > 0 => {
                        cases.swap(place, place - 1);
                        return edit(&name, &["enum-cases-reordered"]);
                    }
                    _ => return None,
                }
                edit(&fresh, &["enum-case-added"])
            }
            TypeDefKind::Flags(of) => {
                let flags = &mut of.flags;
                let place = random.below(flags.len());
                match choice {
                    0 => flags.insert(place, Flag { name: fresh.clone(), docs: UNDOCUMENTED, span: Span::default() }),
                    1 if flags.len() > 1 => return edit(&flags.remove(place).name, &["flag-removed"]),
                    2 => {
                        let old = std::mem::replace(&mut flags[place].name, fresh);
                        return edit(&old, &["flag-renamed", "flag-removed"]);
                    }
                    3 if place > 0 => {
                        flags.swap(place, place - 1);
                        return edit(&name, &["flags-reordered"]);
                    }
                    _ => return None,
                }
                edit(&fresh, &["flag-added"])
            }
            TypeDefKind::Type(Type::Id(_)) | TypeDefKind::Resource => None,
            TypeDefKind::Type(ty) => {
                *ty = another(*ty);
                edit(&name, &["type-retyped"])
            }
            TypeDefKind::List(ty) | TypeDefKind::Option(ty) => {
                *ty = another(*ty);
                edit(&name, &["type-retyped"])
            }
            TypeDefKind::FixedLengthList(_, length) => {
                *length += 1;
                edit(&name, &["type-retyped"])
            }
            TypeDefKind::Tuple(tuple) => {
                tuple.types.push(Type::Bool);
                edit(&name, &["type-retyped"])
            }
            _ => None,
        }
    }

    /// An import or export more or less; interfaces that others need by `use` are left.
    fn world(&mut self, random: &mut Random) -> Option<Edit> {
        let worlds: Vec<_> = self.resolve.packages[self.package].worlds.values().copied().collect();
        let world = *worlds.get(random.below(worlds.len().max(1)))?;
        let fresh = self.name("w");
        let function = self.plain(&fresh);
        let edit = |name: &str, rules| Some(Edit { name: name.to_owned(), rules });
        match random.below(3) {
            0 => {
                let world = &mut self.resolve.worlds[world];
                world.imports.insert(WorldKey::Name(fresh.clone()), WorldItem::Function(function));
                edit(&fresh, &["import-added"])
            }
            1 => {
                let world = &mut self.resolve.worlds[world];
                world.exports.insert(WorldKey::Name(fresh.clone()), WorldItem::Function(function));
                edit(&fresh, &["export-added"])
            }
            _ => {
                let exports = &self.resolve.worlds[world].exports;
                let key = exports.keys().nth(random.below(exports.len().max(1)))?.clone();
                let name = self.resolve.name_world_key(&key);
                if name.contains("-q") {
                    return None;
                }
                self.resolve.worlds[world].exports.shift_remove(&key);
                edit(crate::compare::Name::new(&name).base, &["export-removed"])
            }
        }
    }

    fn plain(&self, name: &str) -> Function {
        Function {
            name: name.to_owned(),
            kind: FunctionKind::Freestanding,
            params: vec![Param { name: "x".to_owned(), ty: Type::U8, span: Span::default() }],
            result: None,
            docs: UNDOCUMENTED,
            stability: Stability::Unknown,
            span: Span::default(),
            external_id: None,
        }
    }
}

/// A type that is not the one given.
fn another(ty: Type) -> Type {
    if ty == Type::S8 { Type::String } else { Type::S8 }
}
