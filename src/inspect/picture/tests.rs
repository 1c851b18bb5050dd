use super::*;
use crate::inspect::model::{Edge, HostExport, HostImport, NamedBy, Origin, Port};

/// A graph of `count` parts, each calling some of those after it.
pub(crate) fn many(count: u32) -> Graph {
    let languages = ["rust", "go", "python", "javascript"];
    let mut graph = Graph { nodes: vec![node(0, "many", None, NodeKind::Composition)], ..Graph::default() };
    for id in 1..=count {
        let language = languages[id as usize % languages.len()];
        let origin = Some(Origin { language: language.into(), engine: None, because: String::new() });
        let size = u64::from(id) * 12_345;
        graph.nodes.push(Node { origin, size, ..node(id, &format!("part-{id}"), Some(0), NodeKind::Part) });
        for (step, by) in [(3, 1), (7, 2), (31, 5)] {
            let to = id * step % 97 + id + by;
            if to <= count {
                graph.edges.push(edge(id, to, &format!("acme:many/i{to}@1.0.0"), EdgeKind::Wire));
            }
        }
    }
    graph.edges.push(edge(0, 1, "wasi:cli/run@0.2.6", EdgeKind::Outward));
    graph
}

/// Two parts, one denied something; a composition inside that hands on what a part in it has.
pub(crate) fn nested() -> Graph {
    let origin = |language: &str| Some(Origin { language: language.into(), engine: None, because: String::new() });
    let mut graph = Graph {
        nodes: vec![
            Node { size: 3_000_000, ..node(0, "shop", None, NodeKind::Composition) },
            Node { size: 120_000, origin: origin("rust"), ..node(1, "gateway", Some(0), NodeKind::Part) },
            node(2, "denied-1", Some(0), NodeKind::Denial),
            Node { size: 2_800_000, ..node(3, "back", Some(0), NodeKind::Composition) },
            Node { size: 2_700_000, origin: origin("go"), ..node(4, "auth", Some(3), NodeKind::Part) },
            Node { size: 80_000, ..node(5, "<script>alert(\"1\")</script>\u{202e}", Some(3), NodeKind::Part) },
            node(6, "acme:shop/types", Some(0), NodeKind::Types),
        ],
        ..Graph::default()
    };
    graph.edges = vec![
        edge(1, 3, "acme:shop/auth@0.2.0", EdgeKind::Wire),
        edge(1, 3, "acme:shop/audit@0.2.0", EdgeKind::Wire),
        edge(1, 2, "wasi:sockets/tcp@0.2.6", EdgeKind::Wire),
        edge(1, 0, "wasi:http/types@0.2.6", EdgeKind::Inward),
        edge(1, 0, "wasi:clocks/wall-clock@0.2.6", EdgeKind::Inward),
        edge(1, 6, "acme:shop/types@0.2.0", EdgeKind::Wire),
        edge(3, 4, "acme:shop/auth@0.2.0", EdgeKind::Outward),
        edge(3, 5, "acme:shop/audit@0.2.0", EdgeKind::Outward),
        edge(4, 5, "acme:shop/\"audit\"\\n@0.2.0", EdgeKind::Wire),
        edge(4, 3, "wasi:random/random@0.2.6", EdgeKind::Inward),
        edge(0, 1, "wasi:http/incoming-handler@0.2.6", EdgeKind::Outward),
    ];
    graph
}

pub(crate) fn node(id: u32, name: &str, parent: Option<u32>, kind: NodeKind) -> Node {
    Node {
        id,
        name: name.into(),
        named_by: NamedBy::NameSection,
        kind,
        parent,
        origin: None,
        tools: Vec::new(),
        size: 0,
        shared: 0,
        range: None,
        imports: Vec::new(),
        exports: Vec::new(),
        modules: Vec::new(),
    }
}

pub(crate) fn edge(from: u32, to: u32, name: &str, kind: EdgeKind) -> Edge {
    Edge {
        from,
        import: name.into(),
        to,
        export: name.into(),
        member: None,
        kind,
        port: PortKind::Interface,
        interface: Some(name.into()),
    }
}

#[test]
fn pictures_are_as_they_were() {
    let graph = nested();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/picture");
    let made =
        [("nested.dot", dot(&graph)), ("nested.mmd", mermaid(&graph)), ("nested.svg", svg(&graph, Style::Standalone))];
    for (name, found) in made {
        let path = folder.join(name);
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        let diff = similar::TextDiff::from_lines(expected.as_str(), found.as_str());
        assert!(expected == found, "{} (BLESS=1 rewrites it)\n{}", path.display(), diff.unified_diff());
    }
}

#[test]
fn types_and_the_host_are_no_lines() {
    let graph = nested();
    let drawing = Drawing::of(&graph);
    let links: Vec<_> = drawing.links.iter().map(|link| (link.from, link.to, link.label())).collect();
    let link = |from, to, label: &str| (from, to, label.to_owned());
    assert_eq!(
        links,
        [
            link(1, 3, "acme:shop/auth +1"),
            link(1, 2, "wasi:sockets/tcp"),
            link(3, 4, "acme:shop/auth"),
            link(3, 5, "acme:shop/audit"),
            link(4, 5, "acme:shop/\"audit\"\\n"),
            link(0, 1, "wasi:http/incoming-handler"),
        ]
    );
    assert_eq!(drawing.nodes[1].host, ["clocks", "http"]);
    assert!(drawing.place(6).is_none());
}

#[test]
fn a_component_by_itself_is_drawn_with_its_exports() {
    let port = |name: &str| Port { name: name.into(), implements: None, kind: PortKind::Interface, functions: None };
    let graph = Graph {
        nodes: vec![node(0, "auth", None, NodeKind::Part)],
        imports: vec![HostImport { port: port("wasi:io/poll@0.2.6"), wanted_by: vec![0] }],
        exports: vec![HostExport { port: port("acme:shop/auth@0.2.0"), from: Some(0) }],
        ..Graph::default()
    };
    let picture = svg(&graph, Style::InPage);
    assert!(picture.contains(">acme:shop/auth</text>") && picture.contains(">io</tspan>"), "{picture}");
    assert!(dot(&graph).contains("outside_0_0 -> n0"));
}

#[test]
fn nothing_overlaps() {
    for graph in [nested(), many(40), many(300)] {
        let drawing = Drawing::of(&graph);
        let scene = scene::scene(&drawing);
        let leaves: Vec<_> = scene.boxes.iter().filter(|it| !it.is_frame).collect();
        for (at, a) in leaves.iter().enumerate() {
            assert!(
                a.x >= 0.0 && a.y >= 0.0 && a.x + a.width <= scene.width && a.y + a.height <= scene.height,
                "{a:?}"
            );
            for b in &leaves[at + 1..] {
                let apart =
                    a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
                assert!(apart, "{a:?} {b:?}");
            }
        }
        // A line is drawn for every link, and each ends at the left of its node.
        assert_eq!(scene.lines.len(), drawing.links.len());
        for line in &scene.lines {
            let to = drawing.place(drawing.links[line.link].to).unwrap();
            let to = scene.boxes.iter().find(|it| it.place == to).unwrap();
            let end = line.route.steps.last().unwrap();
            assert_eq!(end.to, to.x);
            assert!(end.y >= to.y && end.y <= to.y + to.height);
        }
    }
}

#[test]
fn everyone_calling_everyone_ends() {
    let mut graph = many(250);
    graph.edges.clear();
    for from in 1..=250 {
        graph.edges.extend((from + 1..=250).map(|to| edge(from, to, "a:b/c", EdgeKind::Wire)));
    }
    let started = std::time::Instant::now();
    let picture = svg(&graph, Style::Standalone);
    assert_eq!(picture.matches("<g class=\"link\"").count(), 250 * 249 / 2);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn circles_and_strays_are_drawn_all_the_same() {
    let mut graph = many(5);
    graph.edges = vec![
        edge(1, 2, "a:b/c", EdgeKind::Wire),
        edge(2, 3, "a:b/d", EdgeKind::Wire),
        edge(3, 1, "a:b/e", EdgeKind::Wire),
        edge(4, 4, "a:b/f", EdgeKind::Wire),
        edge(4, 900, "a:b/g", EdgeKind::Wire),
    ];
    let drawing = Drawing::of(&graph);
    assert_eq!(drawing.links.len(), 3);
    assert_eq!(svg(&graph, Style::Standalone), svg(&graph, Style::Standalone));
    assert!(svg(&Graph::default(), Style::Standalone).ends_with("</svg>\n"));
}
