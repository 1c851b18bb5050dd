//! Against a real registry, which `cargo xtask setup --tests` installs; against one that misbehaves; and a folder.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use super::*;
use crate::{
    diagnostic::Diagnose as _,
    resolve::{Subject, Wit},
};

/// What is needed to ask for a package: a configuration, and a cache of its own.
struct Asking {
    folder: tempfile::TempDir,
    config: Config,
}

impl Asking {
    fn new(config: &str) -> Asking {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, config).unwrap();
        let var = |name: &str| match name {
            "WKG_CONFIG_FILE" => Some(OsString::from(&file)),
            "DOCKER_CONFIG" => Some(OsString::from(folder.path())),
            _ => None,
        };
        let config = Config::read(&var, None).unwrap();
        Asking { folder, config }
    }

    fn get(&self, package: &str, network: Network) -> Result<Release, Error> {
        let home = Home { root: self.folder.path().join("home") };
        release(&Reference::parse(package).unwrap(), &self.config, &home, network, &|_| ())
    }

    fn told(&self, package: &str, network: Network) -> String {
        let problem = self.get(package, network).unwrap_err().problems().remove(0);
        format!(
            "{}: {} <- {} ? {}",
            problem.code,
            problem.message,
            problem.causes.join(" <- "),
            problem.help.join("; ")
        )
    }
}

/// A WIT package, encoded as `wkg` does.
fn encoded(wit: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let id = resolve.push_str("package.wit", wit).unwrap();
    wit_component::encode(&resolve, id, false).unwrap()
}

fn version(n: u32) -> Vec<u8> {
    encoded(&format!("package acme:shop@1.{n}.0; interface till {{ open: func() -> u{}; }}", 8 << n))
}

fn name_of(release: &Release) -> String {
    let wit = Wit::decode("package", &release.bytes).unwrap();
    let Subject::Packages(packages) = &wit.subject else { panic!("WIT") };
    wit.resolve.packages[packages[0]].name.to_string()
}

/// A registry of Debian's package, with its storage in a folder. It ends with this.
struct Registry {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Registry {
    /// `users`: lines of a password file, if not everybody may read.
    fn start(users: Option<&str>) -> Registry {
        let peers = PathBuf::from(std::env::var_os("MOSAIC_PEERS").expect("MOSAIC_PEERS: `cargo xtask test` sets it"));
        let program = peers.join("docker-registry");
        assert!(program.exists(), "no {}: `cargo xtask setup --tests` installs it", program.display());
        let folder = tempfile::tempdir().unwrap();
        // Free just now; nobody else here takes ports by number.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let auth = users.map_or(String::new(), |users| {
            let file = folder.path().join("users");
            fs::write(&file, users).unwrap();
            format!("auth: {{htpasswd: {{realm: tests, path: {}}}}}\n", file.display())
        });
        let config = folder.path().join("config.yml");
        let storage = folder.path().join("storage");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{address}\"}}\n{auth}",
            storage.display()
        );
        fs::write(&config, text).unwrap();
        #[expect(clippy::disallowed_methods, reason = "the registry under test is another's program")]
        let child = Command::new(program).arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let registry = Registry { child: child.unwrap(), address, _folder: folder };
        for _ in 0..500 {
            if TcpStream::connect(&registry.address).is_ok() {
                return registry;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the registry does not listen");
    }

    /// Pushes a package as an artifact of one layer.
    fn push(&self, package: &str, tag: &str, layer: &[u8]) {
        let config = b"{}";
        for blob in [config, layer] {
            let start = self.send("POST", &format!("/v2/{package}/blobs/uploads/"), "", &[]);
            let location = start.headers()["location"].to_str().unwrap().to_owned();
            let place = location.strip_prefix(&format!("http://{}", self.address)).unwrap_or(&location);
            let place = format!("{place}&digest=sha256:{}", sha256(blob));
            assert_eq!(self.send("PUT", &place, "application/octet-stream", blob).status(), 201);
        }
        let descriptor = |kind: &str, bytes: &[u8]| serde_json::json!({ "mediaType": kind, "digest": format!("sha256:{}", sha256(bytes)), "size": bytes.len() });
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": kind,
            "config": descriptor("application/vnd.wasm.config.v0+json", config),
            "layers": [descriptor("application/wasm", layer)],
        });
        let place = format!("/v2/{package}/manifests/{tag}");
        assert_eq!(self.send("PUT", &place, kind, manifest.to_string().as_bytes()).status(), 201);
    }

    fn send(&self, method: &str, place: &str, kind: &str, body: &[u8]) -> ureq::http::Response<ureq::Body> {
        let request = ureq::http::Request::builder().method(method).uri(format!("http://{}{place}", self.address));
        let request = request.header("content-type", kind).header("authorization", BASIC);
        crate::network::asking_agent().run(request.body(body).unwrap()).unwrap()
    }

    /// What a user writes to have packages of `acme` from here.
    fn config(&self, more: &str) -> String {
        format!(
            "[namespace_registries]\nacme = \"{0}\"\n[registry.\"{0}\".oci]\nprotocol = \"http\"\n{more}",
            self.address
        )
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `tester:secret`.
const BASIC: &str = "Basic dGVzdGVyOnNlY3JldA==";
const USERS: &str = "tester:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

#[test]
fn releases_come_from_a_real_registry_once() {
    let registry = Registry::start(None);
    for n in 0..3 {
        registry.push("acme/shop", &format!("1.{n}.0"), &version(n));
    }
    registry.push("acme/shop", "2.0.0-rc.1", &version(0));
    registry.push("acme/shop", "latest", &version(2));
    registry.push("acme/shop", "1.0.1_build.5", &version(0));
    let asking = Asking::new(&registry.config(""));

    assert!(asking.told("acme:shop@1.1.0", Network::Forbidden).starts_with("registry::offline: `acme:shop@1.1.0`"));
    let release = asking.get("acme:shop@1.1.0", Network::Allowed).unwrap();
    assert_eq!((release.bytes.as_slice(), name_of(&release).as_str()), (&version(1)[..], "acme:shop@1.1.0"));
    assert_eq!(asking.get("acme:shop", Network::Allowed).unwrap().reference.to_string(), "acme:shop@1.2.0");
    assert_eq!(asking.get("acme:shop@1.0.1+build.5", Network::Allowed).unwrap().bytes, version(0));

    let told = asking.told("acme:shop@1.3.0", Network::Allowed);
    let there = "? there are 1.0.0, 1.0.1+build.5, 1.1.0, 1.2.0, 2.0.0-rc.1";
    assert!(told.starts_with("registry::no-version: ") && told.ends_with(there), "{told}");
    assert!(asking.told("acme:tools@1.0.0", Network::Allowed).starts_with("registry::no-package: "));
    assert!(asking.told("acme:tools", Network::Allowed).starts_with("registry::no-package: "));

    // It is not needed any more for what was fetched.
    drop(registry);
    assert_eq!(asking.get("acme:shop@1.1.0", Network::Forbidden).unwrap(), release);
    assert_eq!(asking.get("acme:shop@1.1.0", Network::Allowed).unwrap(), release);
    assert!(asking.told("acme:shop@1.0.0", Network::Allowed).starts_with("registry::unreachable: could not ask http"));
}

#[test]
fn a_registry_that_wants_to_know_who_asks_is_told() {
    let registry = Registry::start(Some(USERS));
    registry.push("acme/shop", "1.1.0", &version(1));
    let with = |auth: &str| Asking::new(&registry.config(auth));
    for good in ["auth = { username = \"tester\", password = \"secret\" }", "auth = \"dGVzdGVyOnNlY3JldA==\""] {
        assert_eq!(with(good).get("acme:shop@1.1.0", Network::Allowed).unwrap().bytes, version(1));
    }
    let told = with("").told("acme:shop@1.1.0", Network::Allowed);
    assert!(told.starts_with("registry::unauthorized: ") && told.contains("anybody"), "{told}");
    let told = with("auth = { username = \"tester\", password = \"wrong\" }").told("acme:shop@1.1.0", Network::Allowed);
    assert!(told.contains("`tester`") && !told.contains("wrong"), "{told}");
    // Docker's users have said it before.
    let asking = with("");
    let logins = format!("{{\"auths\": {{\"{}\": {{\"auth\": \"dGVzdGVyOnNlY3JldA==\"}}}}}}", registry.address);
    fs::write(asking.folder.path().join("config.json"), logins).unwrap();
    let var = |name: &str| match name {
        "WKG_CONFIG_FILE" => Some(asking.folder.path().join("config.toml").into()),
        "DOCKER_CONFIG" => Some(asking.folder.path().into()),
        _ => None,
    };
    let asking = Asking { config: Config::read(&var, None).unwrap(), folder: asking.folder };
    assert_eq!(asking.get("acme:shop@1.1.0", Network::Allowed).unwrap().bytes, version(1));
}

/// A server with fixed answers, by path; it keeps the requests.
struct Fake {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn start(answers: impl Fn(&str) -> BTreeMap<String, String>) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answers, kept) = (answers(&address), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let words: Vec<String> = lines.by_ref().map_while(Result::ok).take_while(|l| !l.is_empty()).collect();
                let Some(path) = words.first().and_then(|line| line.split(' ').nth(1)) else { continue };
                let authorized = words.iter().any(|line| line.eq_ignore_ascii_case("authorization: Bearer pass"));
                let key = if authorized { format!("{path} pass") } else { path.to_owned() };
                kept.lock().unwrap().push(key.clone());
                let answer = answers.get(&key).or_else(|| answers.get(path)).cloned();
                let answer = answer.unwrap_or_else(|| "404 Not Found\r\n\r\n".to_owned());
                let (head, body) = answer.split_once("\r\n\r\n").unwrap();
                let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
            }
        });
        Fake { address, asked }
    }

    fn asking(&self) -> Asking {
        Asking::new(&format!("default_registry = \"{0}\"\n[registry.\"{0}\".oci]\nprotocol = \"http\"\n", self.address))
    }
}

fn manifest(digest: &str, size: usize) -> String {
    format!("200 OK\r\n\r\n{{\"layers\": [{{\"digest\": \"{digest}\", \"size\": {size}}}]}}")
}

#[test]
fn a_token_is_fetched_where_one_is_wanted_and_the_registry_says_where_packages_are() {
    let content = "(component)";
    let fake = Fake::start(|address| {
        let digest = format!("sha256:{}", sha256(content.as_bytes()));
        let scope = "repository:team/acme/shop:pull";
        let wanted = format!("Bearer realm=\"http://{address}/token\",service=\"tests\",scope=\"{scope}\"");
        BTreeMap::from([
            (
                "/.well-known/wasm-pkg/registry.json".to_owned(),
                format!("200 OK\r\n\r\n{{\"ociRegistry\": \"{address}\", \"ociNamespacePrefix\": \"team/\"}}"),
            ),
            (
                "/v2/team/acme/shop/manifests/1.0.0".to_owned(),
                format!("401 Unauthorized\r\nWWW-Authenticate: {wanted}\r\n\r\n"),
            ),
            (
                "/token?service=tests&scope=repository%3Ateam%2Facme%2Fshop%3Apull".to_owned(),
                "200 OK\r\n\r\n{\"token\": \"pass\"}".to_owned(),
            ),
            ("/v2/team/acme/shop/manifests/1.0.0 pass".to_owned(), manifest(&digest, content.len())),
            (format!("/v2/team/acme/shop/blobs/{digest} pass"), format!("200 OK\r\n\r\n{content}")),
        ])
    });
    let release = fake.asking().get("acme:shop@1.0.0", Network::Allowed);
    assert_eq!(release.unwrap_or_else(|e| panic!("{e:?}: {:?}", fake.asked)).bytes, content.as_bytes());
}

#[test]
fn answers_that_are_none_are_told() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let page = |tags: &str| format!("200 OK\r\n\r\n{{\"tags\": [{tags}]}}");
    let fake = Fake::start(|_| {
        BTreeMap::from([
            ("/v2/acme/changed/manifests/1.0.0".to_owned(), manifest(&digest, 9)),
            (format!("/v2/acme/changed/blobs/{digest}"), "200 OK\r\n\r\n(changed)".to_owned()),
            ("/v2/acme/gone/manifests/1.0.0".to_owned(), manifest(&digest, 9)),
            ("/v2/acme/long/manifests/1.0.0".to_owned(), manifest(&digest, 1 << 40)),
            ("/v2/acme/longer/manifests/1.0.0".to_owned(), manifest(&digest, 2)),
            (format!("/v2/acme/longer/blobs/{digest}"), "200 OK\r\n\r\n(longer than it says)".to_owned()),
            ("/v2/acme/odd/manifests/1.0.0".to_owned(), manifest("md5:00", 9)),
            ("/v2/acme/index/manifests/1.0.0".to_owned(), "200 OK\r\n\r\n{\"manifests\": []}".to_owned()),
            ("/v2/acme/page/manifests/1.0.0".to_owned(), "200 OK\r\n\r\n<html>".to_owned()),
            ("/v2/acme/broken/manifests/1.0.0".to_owned(), "500 Oh\r\n\r\n".to_owned()),
            (
                "/v2/acme/pages/tags/list".to_owned(),
                format!(
                    "200 OK\r\nLink: </v2/acme/pages/tags/list?n=2>; rel=\"next\"\r\n\r\n{}",
                    "{\"tags\": [\"1.0.0\"]}"
                ),
            ),
            ("/v2/acme/pages/tags/list?n=2".to_owned(), page("\"1.1.0\", \"sha256-0.sig\"")),
        ])
    });
    let asking = fake.asking();
    for (package, code, words) in [
        ("changed", "registry::digest", "0000 expected, "),
        ("gone", "registry::answer", "does not have what its own manifest names"),
        ("long", "registry::too-large", "256 MiB"),
        ("longer", "registry::answer", "longer than"),
        ("odd", "registry::answer", "`md5:00` is no SHA-256 digest"),
        ("index", "registry::answer", "there are no layers"),
        ("page", "registry::answer", "its answer is not what was asked for"),
        ("broken", "registry::answer", "status 500"),
        ("pages", "registry::no-version", "there are 1.0.0, 1.1.0"),
    ] {
        let told = asking.told(&format!("acme:{package}@1.0.0"), Network::Allowed);
        assert!(told.starts_with(&format!("{code}: ")) && told.contains(words), "{package}: {told}");
        // Nothing of it is kept.
        assert!(asking.told(&format!("acme:{package}@1.0.0"), Network::Forbidden).starts_with("registry::offline"));
    }
}

#[test]
fn a_folder_is_a_registry() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("acme/shop");
    fs::create_dir_all(&place).unwrap();
    for n in 0..2 {
        fs::write(place.join(format!("1.{n}.0.wasm")), version(n)).unwrap();
    }
    fs::write(place.join("README.md"), "no release").unwrap();
    let root = folder.path().display();
    let asking = Asking::new(&format!(
        "default_registry = \"shelf.example\"\n[registry.\"shelf.example\"]\ntype = \"local\"\nlocal = {{ root = \"{root}\" }}\n"
    ));
    assert_eq!(name_of(&asking.get("acme:shop@1.0.0", Network::Forbidden).unwrap()), "acme:shop@1.0.0");
    assert_eq!(name_of(&asking.get("acme:shop", Network::Forbidden).unwrap()), "acme:shop@1.1.0");
    assert!(asking.told("acme:shop@2.0.0", Network::Forbidden).ends_with("? there are 1.0.0, 1.1.0"));
    assert!(asking.told("acme:none", Network::Forbidden).starts_with("registry::no-package: shelf.example"));
    let nowhere = Asking::new("default_registry = \"x\"\n[registry.x.local]\nroot = \"/nowhere/at/all\"\n");
    assert!(
        nowhere.told("acme:shop@1.0.0", Network::Forbidden).starts_with("registry::folder: could not read `/nowhere")
    );
}

#[test]
fn the_file_says_where_packages_are() {
    let asking = Asking::new(
        "[namespace_registries]\nacme = \"a.example\"\nother = { registry = \"b.example\", metadata = { preferredProtocol = \"warg\" } }\n\
         [package_registry_overrides]\n\"acme:shop\" = \"c.example\"\n",
    );
    let of = |package: &str| {
        let reference = Reference::parse(package).unwrap();
        asking.config.registry_of(&reference).map(str::to_owned).map_err(|error| error.problems()[0].help.join(" "))
    };
    assert_eq!(of("acme:tools"), Ok("a.example".to_owned()));
    assert_eq!(of("acme:shop@1.0.0"), Ok("c.example".to_owned()));
    assert_eq!(of("wasi:http"), Ok("wasi.dev".to_owned()));
    assert!(of("nobody:knows").unwrap_err().contains("`nobody = \"registry.example.com\"`"));
    assert!(asking.told("other:x@1.0.0", Network::Allowed).contains("it speaks `warg`"));
    let broken = asking.folder.path().join("config.toml");
    fs::write(&broken, "default_registry = 1").unwrap();
    let var = |name: &str| (name == "WKG_CONFIG_FILE").then(|| OsString::from(&broken));
    assert_eq!(Config::read(&var, None).unwrap_err().problems()[0].code, "registry::config");
    // Who has no such file has said nothing.
    assert!(Config::read(&|_| None, Some(asking.folder.path())).is_ok());
}

#[test]
fn names_are_told_from_paths() {
    for name in ["wasi:http@0.2.3", "acme:shop", "a:b@1.0.0-rc.1+x"] {
        assert_eq!(Reference::parse(name).unwrap().to_string(), name);
    }
    for no in
        ["wit", "wit/a.wit", "acme:shop/till@1.0.0", "acme:shop@", "acme:shop@1", "Acme:shop", ":x", "a:", "c:\\wit"]
    {
        assert_eq!(Reference::parse(no), None, "{no}");
    }
}
