use super::*;
use crate::{
    build::trial::{self, Project, SHAPES},
    language::Language,
};

const SMALL: &str = "package a:b; interface risk { score: func(text: string) -> u32; } world part { export risk; }";

fn problems(files: &[(&str, &str)], wit: &str) -> Vec<String> {
    let project = Project::of(files);
    let unit = project.unit(Language::Python, wit);
    let told = |problem: &Problem| {
        let places = problem.labels.iter().map(|label| {
            let line = label.source.text[..label.span.start].matches('\n').count() + 1;
            format!(" @ {}:{line}", label.source.name)
        });
        format!("{}: {}{}", problem.code, problem.message, places.collect::<String>())
    };
    let problems = Python.check(&unit);
    assert!(problems.iter().all(|problem| problem.component.as_deref() == Some("part")));
    problems.iter().map(told).collect()
}

#[test]
fn what_is_missing_is_told_before_any_engine_starts() {
    assert_eq!(problems(&[("README.md", "")], SMALL), ["python::no-entry: no Python module to start from"]);
    let two = [("a.py", ""), ("b.py", "")];
    assert_eq!(problems(&two, SMALL), ["python::no-entry: no Python module to start from"]);
    assert_eq!(
        problems(&[("app.py", "class Other: pass\n")], SMALL),
        ["python::missing-class: class `Risk` for interface `a:b/risk` is missing"]
    );
    assert_eq!(
        problems(
            &[("app.py", "from wit_world import exports\n\nclass Risk(exports.Risk):\n    def scores(self): pass\n")],
            SMALL
        ),
        ["python::missing-method: method `score` of class `Risk` for interface `a:b/risk` is missing @ part/app.py:3"]
    );
    assert_eq!(
        problems(&[("app.py", "class Risk:\n    def score(self): pass\n")], SMALL),
        ["python::wrong-method: method `score` of class `Risk` takes 0 arguments, but gets 1 @ part/app.py:2"]
    );
    assert_eq!(
        problems(&[("app.py", "class Risk:\n    async def score(self, text): pass\n")], SMALL),
        [
            "python::wrong-method: method `score` of class `Risk` is `async def`, but the function is not async in WIT @ part/app.py:2"
        ]
    );
}

#[test]
fn an_import_that_comes_too_late_is_a_warning() {
    let app = "class Risk:\n    def score(self, text):\n        import csv, os\n";
    assert_eq!(
        problems(&[("app.py", app)], SMALL),
        [
            "python::late-import: `csv` is imported within a function, when there are no files to import it from @ part/app.py:3"
        ]
    );
    assert_eq!(problems(&[("app.py", &format!("import csv\n{app}"))], SMALL), Vec::<String>::new());
}

#[test]
fn what_cannot_be_told_is_left_to_the_build() {
    for app in [
        "class Risk:\n    def score(self, text, *, extra=1): pass\n",
        "class Risk:\n    def score(self, *args): pass\n",
        "class Risk:\n    score = make()\n",
        "from elsewhere import Base\n\nclass Risk(Base): pass\n",
        "from elsewhere import Risk\n",
        "from .lib import *\n",
        "Risk = make()\n",
        "class Base:\n    def score(self, text): pass\n\nclass Risk(Base): pass\n",
    ] {
        assert_eq!(problems(&[("app.py", app)], SMALL), Vec::<String>::new(), "{app}");
    }
    let lib = "class Risk:\n    def score(self, text): pass\n";
    assert!(problems(&[("app.py", "from lib.risk import Risk\n"), ("lib/risk.py", lib)], SMALL).is_empty());
    let lib = "class Risk:\n    def score(self): pass\n";
    assert_eq!(problems(&[("app.py", "from lib.risk import Risk\n"), ("lib/risk.py", lib)], SMALL).len(), 1);
}

#[test]
fn entry_modules() {
    let risk = "class Risk:\n    def score(self, text): pass\n";
    assert!(problems(&[("main.py", risk)], SMALL).is_empty());
    assert!(problems(&[("src/part.py", risk), ("src/other.py", "")], SMALL).is_empty());
    let named = "[tool.mosaic]\nmodule = \"a.b\"\n";
    assert!(problems(&[("pyproject.toml", named), ("a/b.py", risk), ("app.py", "")], SMALL).is_empty());
    assert_eq!(
        problems(&[("pyproject.toml", named), ("app.py", risk)], SMALL),
        ["python::no-entry: module `a.b` is not in the component's folder"]
    );
    assert!(problems(&[("random.py", risk)], SMALL)[0].starts_with("python::reserved-module"));
    assert!(problems(&[("pyproject.toml", "[tool"), ("app.py", risk)], SMALL)[0].starts_with("python::syntax"));
}

#[test]
fn resources_need_a_module_that_can_be_found() {
    let wit = "package a:b; interface queue { resource job { constructor(); } } world part { export queue; }";
    let found = problems(&[("app.py", "class Job:\n    def __init__(self): pass\n")], wit);
    assert!(found[0].starts_with("python::reserved-module: module `queue`"), "{found:?}");
    let wit = "package a:b; interface jobs { resource job { constructor(); } } world part { export jobs; }";
    assert!(problems(&[("app.py", "class Job:\n    def __init__(self): pass\n")], wit).is_empty());
    assert_eq!(
        problems(&[("app.py", "")], wit),
        ["python::missing-class: class `Job` for resource `job` of `a:b/jobs` is missing"]
    );
    assert!(problems(&[("app.py", ""), ("jobs.py", "")], wit).is_empty(), "a module that nothing imports is not read");
}

#[test]
fn shapes_that_the_generator_cannot_take_are_refused() {
    let wit = "package a:b; interface risk { score: func(x: list<u8, 4>); } world part { export risk; }";
    let found = problems(&[("app.py", "class Risk:\n    def score(self, x): pass\n")], wit);
    assert_eq!(
        found,
        [
            "python::unsupported-type: `a:b/risk#score` uses a list of fixed length, which the Python engine cannot carry"
        ]
    );
}

/// One of the two builds of these tests: twenty seconds of one core each.
#[test]
fn a_component_with_every_shape_runs() {
    let project = Project::copy("python/model");
    let unit = project.unit(Language::Python, SHAPES);
    assert!(Python.check(&unit).is_empty(), "{:?}", Python.check(&unit));
    let bytes = Python.build(&unit, &|_| {}).unwrap_or_else(|problem| panic!("{problem:#?}"));
    trial::exercise(&bytes);
    assert!(!project.root.join("part/__pycache__").exists());
}

#[test]
fn an_exception_at_module_level_is_told_with_its_traceback() {
    let app = "import helper\n\nclass Risk:\n    def score(self, text): pass\n";
    let helper = "def load():\n    raise ValueError('no weights')\n\nload()\n";
    let project = Project::of(&[("app.py", app), ("helper.py", helper)]);
    let problem = Python.build(&project.unit(Language::Python, SMALL), &|_| {}).unwrap_err();
    assert_eq!(problem.code, "python::raised");
    let traceback = &problem.causes[0];
    for line in [
        "File \"part/app.py\", line 1, in <module>",
        "File \"part/helper.py\", line 2, in load",
        "ValueError: no weights",
    ] {
        assert!(traceback.contains(line), "{line} in {traceback}");
    }
    let label = &problem.labels[0];
    assert_eq!(label.source.name, "part/helper.py");
    assert_eq!(&label.source.text[label.span.clone()], "raise ValueError('no weights')");
}

#[test]
fn a_syntax_error_is_told_with_its_place() {
    let risk = "import lib.x\n\nclass Risk:\n    def score(self, text): pass\n";
    let project = Project::of(&[("app.py", risk), ("lib/__init__.py", ""), ("lib/x.py", "x = 1\ndef f(:\n    pass\n")]);
    let problem = Python.build(&project.unit(Language::Python, SMALL), &|_| {}).unwrap_err();
    assert_eq!(problem.code, "python::syntax", "{problem:#?}");
    let label = &problem.labels[0];
    assert_eq!((label.source.name.as_str(), label.text.as_str()), ("part/lib/x.py", "invalid syntax"));
    assert_eq!(&label.source.text[label.span.clone()], "def f(:");
}

#[test]
fn bindings_are_written_once() {
    let project = Project::copy("python/model");
    let unit = project.unit(Language::Python, SHAPES);
    let folder = unit.source.join(".mosaic/bindings");
    Python.bindings(&unit, &folder).unwrap();
    let file = folder.join("wit_world/exports/__init__.py");
    assert!(std::fs::read_to_string(&file).unwrap().contains("class Model(Protocol)"));
    let time = || file.metadata().unwrap().modified().unwrap();
    let before = time();
    std::fs::write(folder.join("stale.py"), "").unwrap();
    Python.bindings(&unit, &folder).unwrap();
    assert_eq!(before, time());
    assert!(!folder.join("stale.py").exists());
}
