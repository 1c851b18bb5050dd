use super::*;
use crate::inspect::{
    model::{Counts, EdgeKind, Function, Interface, Kind, NodeKind, Overview},
    picture::tests::{edge, many, node},
};

/// Names, docs and WIT that would like to be more than words.
const HOSTILE: &str = "</script><script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">{{data}}\u{2028}\u{202e}";

pub(crate) fn inspection(graph: Graph) -> Inspection {
    Inspection {
        overview: Overview {
            kind: Kind::Component,
            name: None,
            size: 0,
            digest: "0".repeat(64),
            imports: Vec::new(),
            exports: Vec::new(),
            parts: Vec::new(),
            counts: Counts::default(),
            producers: Default::default(),
            customs: Vec::new(),
            precompiled: None,
        },
        wit: None,
        graph: Some(graph),
        sizes: None,
        needs: None,
        producers: None,
        versions: None,
        sbom: None,
    }
}

fn hostile() -> Inspection {
    let mut graph = Graph {
        nodes: vec![
            node(0, HOSTILE, None, NodeKind::Composition),
            node(1, HOSTILE, Some(0), NodeKind::Part),
            node(2, "b", Some(0), NodeKind::Part),
        ],
        edges: vec![edge(1, 2, HOSTILE, EdgeKind::Wire)],
        ..Graph::default()
    };
    let function = Function { name: HOSTILE.into(), wit: HOSTILE.into(), docs: Some(HOSTILE.into()) };
    let interface = Interface { wit: HOSTILE.into(), docs: Some(HOSTILE.into()), functions: vec![function] };
    graph.interfaces.insert(HOSTILE.into(), interface);
    inspection(graph)
}

#[test]
fn words_stay_words() {
    let page = page(HOSTILE, &hostile());
    assert_eq!(page.matches("<script").count(), 2, "the data and the script");
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("<img") && !page.contains('\u{2028}') && !page.contains('\u{202e}'));
    assert_eq!(page.matches("<style>").count(), 1);
    // The data are what they were.
    let start = page.find("id=\"data\">").unwrap() + "id=\"data\">".len();
    let json = &page[start..start + page[start..].find("</script>").unwrap()];
    let data: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::from_value::<Inspection>(data["inspection"].clone()).unwrap(), hostile());
}

#[test]
fn the_policy_names_the_script_and_the_style() {
    let page = page("a", &inspection(many(3)));
    let between = |start: &str, end: &str| {
        let from = page.find(start).unwrap() + start.len();
        page[from..from + page[from..].find(end).unwrap()].to_owned()
    };
    let policy = between("Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    for text in [between("<style>", "</style>"), between("</script>\n<script>", "</script>")] {
        assert!(policy.contains(&digest(&text)), "{policy}");
    }
    assert_eq!(digest(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    assert!(!page.contains("style=\"") && !page.contains("onclick="), "the policy would not let it be");
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let page = page("a", &inspection(many(3)));
    for (at, _) in page.match_indices("http") {
        let rest = &page[at..];
        let names = ["http://www.w3.org/2000/svg", "http-equiv"];
        assert!(names.iter().any(|name| rest.starts_with(name)), "{}", &rest[..60]);
    }
    assert!(!page.contains("src=") && !page.contains("<link") && !page.contains("@import") && !page.contains("url("));
}

#[test]
fn the_same_data_make_the_same_page() {
    assert_eq!(page("a", &inspection(many(20))), page("a", &inspection(many(20))));
    assert!(page("a", &inspection(Graph::default())).ends_with("</html>\n"));
}
