//! What parts are not granted is closed to them, and an app says what they are.

use super::*;

/// Parts of a miniature of WASI's file system and environment, with an interface of their own that lends descriptors.
fn filer(name: &str, version: &str, world: &str) -> PartBytes {
    let wit = format!(
        "package acme:{name}@1.0.0;
        world w {{ {world} }}
        package acme:shelf@1.0.0 {{
            interface api {{ use wasi:filesystem/types@{version}.{{descriptor}}; open: func() -> descriptor; }}
        }}
        package wasi:io@{version} {{ interface streams {{ resource input {{ read: func() -> list<u8>; }} }} }}
        package wasi:clocks@{version} {{ interface clock {{ record instant {{ s: u64 }} now: func() -> instant; }} }}
        package wasi:cli@{version} {{ interface environment {{ get: func() -> list<tuple<string, string>>; }} }}
        package wasi:filesystem@{version} {{
            interface types {{
                use wasi:io/streams@{version}.{{input}};
                use wasi:clocks/clock@{version}.{{instant}};
                enum error-code {{ access, io }}
                record stat {{ at: option<instant>, size: u64 }}
                resource descriptor {{ read: func() -> result<input, error-code>; stat: func() -> result<stat, error-code>; }}
            }}
            interface preopens {{ use types.{{descriptor}}; all: func() -> list<descriptor>; }}
        }}"
    );
    built(name, &wit)
}

pub(super) fn closing(granted: &[(&str, Family)]) -> plan::Options {
    let grants = granted.iter().map(|(part, family)| ((*part).to_owned(), [*family].into_iter().collect())).collect();
    plan::Options { grants: Grants::Known(grants), ..plan::Options::default() }
}

#[test]
fn what_is_not_granted_is_no_import_of_the_app() {
    let world = |run: &str, version: &str| {
        format!(
            "import wasi:filesystem/preopens@{version}; import wasi:cli/environment@{version}; export {run}: func();"
        )
    };
    let parts =
        named(vec![filer("one", "0.2.0", &world("walk", "0.2.0")), filer("two", "0.2.6", &world("jump", "0.2.6"))]);
    let compose = |options| app(&parts, &Wiring::default(), &options, &FULL).expect("composed");
    let (graph, composed) = compose(closing(&[]));
    assert_eq!(graph.denials["mosaic:grants/denied"].parts, ["one", "two"]);
    // Types of a clock are all that is left of it.
    assert_eq!(composed.imports_left, ["wasi:io/streams@0.2.6", "wasi:clocks/clock@0.2.6"]);
    instantiates(&composed);
    assert_eq!(compose(closing(&[])).1.digest(), composed.digest());

    // What one part is granted is not thereby granted to the other.
    let (graph, composed) = compose(closing(&[("two", Family::Filesystem)]));
    assert_eq!(graph.denials["mosaic:grants/denied"].parts, ["one", "two"]);
    assert!(composed.imports_left.contains(&"wasi:filesystem/types@0.2.6".to_owned()));
    assert!(!composed.imports_left.contains(&"wasi:cli/environment@0.2.6".to_owned()));
    let files: Vec<_> = graph.host.iter().filter(|host| host.import.contains("filesystem")).collect();
    assert!(files.iter().all(|host| host.wanted_by.iter().all(|wanted| wanted.by == "two")), "{files:?}");
    instantiates(&composed);

    // Nobody has said.
    let (graph, composed) = compose(plan::Options::default());
    assert!(graph.denials.is_empty());
    assert!(composed.imports_left.contains(&"wasi:cli/environment@0.2.6".to_owned()));
}

#[test]
fn a_resource_that_is_closed_to_all_who_share_it_crosses_between_them() {
    let parts = named(vec![
        filer("app", "0.2.0", "import acme:shelf/api@1.0.0; export run: func();"),
        filer("rack", "0.2.0", "import wasi:filesystem/preopens@0.2.0; export acme:shelf/api@1.0.0;"),
    ]);
    let (_, composed) = app(&parts, &Wiring::default(), &closing(&[]), &FULL).expect("composed");
    assert_eq!(composed.imports_left, ["wasi:io/streams@0.2.0", "wasi:clocks/clock@0.2.0"]);
    instantiates(&composed);
}

/// What a handler is given stays the host's, while what would send requests of its own is closed.
#[test]
fn a_handler_may_answer_and_not_ask() {
    let parts = parts(&[(
        "gateway",
        &handler(
            "gateway",
            "0.2.0",
            "export wasi:http/incoming-handler@0.2.0; import wasi:http/outgoing-handler@0.2.0;",
        ),
    )]);
    let (graph, composed) = app(&parts, &Wiring::default(), &closing(&[]), &FULL).expect("composed");
    assert_eq!(graph.denials["mosaic:grants/denied"].interfaces, ["wasi:http/outgoing-handler@0.2.0"]);
    assert_eq!(composed.imports_left, ["wasi:io/streams@0.2.0", "wasi:http/types@0.2.0"]);
    instantiates(&composed);
}

/// One that gives streams of its own, and one that has them from it: their denials differ.
#[test]
fn a_denial_speaks_of_the_streams_its_part_has() {
    let world = "import wasi:filesystem/preopens@0.2.0; import wasi:io/streams@0.2.0;";
    let parts = named(vec![
        filer("app", "0.2.0", &format!("{world} export run: func();")),
        filer("streams", "0.2.0", &format!("{world} export wasi:io/streams@0.2.0;")),
    ]);
    let (graph, composed) = app(&parts, &Wiring::default(), &closing(&[]), &FULL).expect("composed");
    assert_eq!(graph.denials.len(), 2);
    instantiates(&composed);
}

#[test]
fn an_app_says_what_its_parts_are_granted() {
    let world = "import wasi:filesystem/preopens@0.2.0; export run: func();";
    let parts = named(vec![filer("one", "0.2.0", world)]);
    let mut options = closing(&[("one", Family::Filesystem)]);
    let held = Held::Dir { path: "data".into(), guest: None, readonly: true };
    let holding = plan::holdings::Holding { family: Family::Filesystem, held: held.clone(), value: None, at: None };
    options.holdings.parts.insert("one".into(), vec![holding]);
    let section = |options| {
        let composed = app(&parts, &Wiring::default(), &options, &FULL).expect("composed").1;
        Section::read(&mut std::io::Cursor::new(composed.bytes)).expect("read")
    };
    assert_eq!(section(options).expect("a section").parts["one"], [held]);
    // That nothing is granted is said as well; what nobody has said is not.
    assert_eq!(section(closing(&[])).expect("a section").parts["one"], []);
    assert_eq!(section(plan::Options::default()), None);
}
