//! What a registry answers: the few requests of the OCI distribution specification that reading takes.
//!
//! 1. `GET /v2/<repository>/manifests/<version>`: the manifest, whose first layer is the package.
//! 2. `GET /v2/<repository>/blobs/<digest>`: that layer.
//! 3. `GET /v2/<repository>/tags/list`: the versions there are.
//!
//! A registry that wants to know who asks says how (`WWW-Authenticate`); it is told once, and each answer that is then
//! still refused is an error. Credentials go to nobody in plain text but to a registry that is spoken to so.

use std::cell::RefCell;

use base64::Engine as _;
use semver::Version;
use serde::{Deserialize, de::DeserializeOwned};
use ureq::{Agent, Body, http::Response};

use super::{Error, MOST, Reference, config::Metadata};
use crate::network;

/// Where a registry says how it is talked to.
const WELL_KNOWN: &str = ".well-known/wasm-pkg/registry.json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Bytes of an answer that is no package.
const MOST_WORDS: u64 = 4 << 20;
/// Pages of a list.
const MOST_PAGES: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Https,
    Http,
}

impl Scheme {
    fn of(self, host: &str) -> String {
        match self {
            Scheme::Https => format!("https://{host}"),
            Scheme::Http => format!("http://{host}"),
        }
    }
}

/// Where the releases of one package are.
pub(super) struct Place {
    pub scheme: Scheme,
    pub host: String,
    pub repository: String,
    pub credentials: Option<Credentials>,
}

pub(super) struct Credentials {
    pub user: String,
    pub password: String,
}

impl Credentials {
    fn basic(&self) -> String {
        let both = format!("{}:{}", self.user, self.password);
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(both))
    }
}

/// The content of a release.
pub(super) struct Layer {
    pub sha256: String,
    size: u64,
}

/// How a registry is talked to, from itself; nothing where it does not say.
pub(super) fn metadata(scheme: Scheme, registry: &str) -> Result<Metadata, Error> {
    let url = format!("{}/{WELL_KNOWN}", scheme.of(registry));
    let answer = network::asking_agent().get(&url).call();
    let answer = answer.map_err(|source| Error::Unreachable { url: url.clone(), source: Box::new(source) })?;
    match answer.status().as_u16() {
        200 => json(&url, answer),
        // A registry of images knows nothing of it; some want to know who asks before they say so.
        401 | 403 | 404 => Ok(Metadata::default()),
        status => Err(Error::Answer { url, why: format!("it answered with status {status}") }),
    }
}

/// One package's repository.
pub(super) struct Oci {
    place: Place,
    agent: Agent,
    /// What to say of ourselves, once we know what is wanted.
    authorization: RefCell<Option<String>>,
}

#[derive(Deserialize)]
struct Image {
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    size: u64,
}

#[derive(Deserialize)]
struct Tags {
    /// Some write nothing where there are none.
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Oci {
    pub fn new(place: Place) -> Oci {
        Oci { place, agent: network::asking_agent(), authorization: RefCell::default() }
    }

    pub fn host(&self) -> &str {
        &self.place.host
    }

    /// What a release holds; `None` where there is no such release.
    pub fn content(&self, reference: &Reference) -> Result<Option<Layer>, Error> {
        let Some(version) = &reference.version else { return Ok(None) };
        // A tag has no `+`.
        let url = self.url(&format!("manifests/{}", version.to_string().replace('+', "_")));
        let Some(answer) = self.get(&url, MANIFEST)? else { return Ok(None) };
        let manifest: Image = json(&url, answer)?;
        let wrong = |why: String| Error::Answer { url: url.clone(), why };
        let Some(layer) = manifest.layers.into_iter().next() else {
            return Err(wrong("it is no manifest of a package: there are no layers".to_owned()));
        };
        let hex =
            |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match layer.digest.strip_prefix("sha256:").filter(|digest| hex(digest)) {
            _ if layer.size > MOST => Err(Error::TooLarge { package: reference.clone(), most: MOST }),
            Some(digest) => Ok(Some(Layer { sha256: digest.to_owned(), size: layer.size })),
            None => Err(wrong(format!("`{}` is no SHA-256 digest", layer.digest))),
        }
    }

    /// The bytes of a layer, not looked at.
    pub fn blob(&self, layer: &Layer) -> Result<Vec<u8>, Error> {
        let url = self.url(&format!("blobs/sha256:{}", layer.sha256));
        match self.get(&url, "*/*")? {
            Some(answer) => bytes(&url, answer, layer.size),
            None => Err(Error::Answer { url, why: "it does not have what its own manifest names".to_owned() }),
        }
    }

    /// Versions that are there; none where there is no such package. Tags that are no versions are others' business.
    pub fn versions(&self) -> Result<Vec<Version>, Error> {
        let base = self.place.scheme.of(&self.place.host);
        let mut url = self.url("tags/list");
        let mut versions = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(answer) = self.get(&url, "application/json")? else { break };
            let next = header(&answer, "link").and_then(next);
            let tags: Tags = json(&url, answer)?;
            let tags = tags.tags.unwrap_or_default();
            versions.extend(tags.iter().filter_map(|tag| Version::parse(&tag.replace('_', "+")).ok()));
            match next {
                Some(path) if path.starts_with('/') => url = format!("{base}{path}"),
                Some(whole) if whole.starts_with(&format!("{base}/")) => url = whole,
                _ => break,
            }
        }
        Ok(versions)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v2/{}/{path}", self.place.scheme.of(&self.place.host), self.place.repository)
    }

    /// An answer of success; `None` where there is nothing at the address.
    fn get(&self, url: &str, accept: &str) -> Result<Option<Response<Body>>, Error> {
        let mut answer = self.ask(url, accept)?;
        if answer.status().as_u16() == 401 && self.authorization.borrow().is_none() {
            let wanted = header(&answer, "www-authenticate").unwrap_or_default();
            *self.authorization.borrow_mut() = Some(self.authorize(url, &wanted)?);
            answer = self.ask(url, accept)?;
        }
        match answer.status().as_u16() {
            200 => Ok(Some(answer)),
            404 => Ok(None),
            401 | 403 => Err(self.unauthorized(url)),
            status => Err(Error::Answer { url: url.to_owned(), why: format!("it answered with status {status}") }),
        }
    }

    fn ask(&self, url: &str, accept: &str) -> Result<Response<Body>, Error> {
        let mut request = self.agent.get(url).header("accept", accept);
        if let Some(authorization) = self.authorization.borrow().as_deref() {
            request = request.header("authorization", authorization);
        }
        request.call().map_err(|source| Error::Unreachable { url: url.to_owned(), source: Box::new(source) })
    }

    /// What to say of ourselves to whoever wants this: our name and password, or a token that somebody gives for them.
    fn authorize(&self, url: &str, wanted: &str) -> Result<String, Error> {
        let (kind, parameters) = wanted.split_once(' ').unwrap_or((wanted, ""));
        let credentials = self.place.credentials.as_ref();
        if kind.eq_ignore_ascii_case("basic") {
            return credentials.map(Credentials::basic).ok_or_else(|| self.unauthorized(url));
        }
        let parameters = parameters_of(parameters);
        let parameter = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let realm = parameter("realm").filter(|_| kind.eq_ignore_ascii_case("bearer"));
        let Some(realm) = realm.filter(|realm| self.place.scheme == Scheme::Http || realm.starts_with("https://"))
        else {
            return Err(Error::Answer {
                url: url.to_owned(),
                why: format!("it wants to know who asks, as `{wanted}`"),
            });
        };
        let mut request = self.agent.get(realm);
        for name in ["service", "scope"] {
            if let Some(value) = parameter(name) {
                request = request.query(name, value);
            }
        }
        if let Some(credentials) = credentials {
            request = request.header("authorization", credentials.basic());
        }
        let answer = request.call();
        let answer = answer.map_err(|source| Error::Unreachable { url: realm.to_owned(), source: Box::new(source) })?;
        if !answer.status().is_success() {
            return Err(self.unauthorized(url));
        }
        let token: Token = json(realm, answer)?;
        match token.token.or(token.access_token) {
            Some(token) => Ok(format!("Bearer {token}")),
            None => Err(Error::Answer { url: realm.to_owned(), why: "there is no token in its answer".to_owned() }),
        }
    }

    fn unauthorized(&self, url: &str) -> Error {
        let user = self.place.credentials.as_ref().map(|credentials| credentials.user.clone());
        Error::Unauthorized { url: url.to_owned(), host: self.place.host.clone(), user }
    }
}

fn header(answer: &Response<Body>, name: &str) -> Option<String> {
    Some(answer.headers().get(name)?.to_str().ok()?.to_owned())
}

/// `name="value",other="value"`.
fn parameters_of(text: &str) -> Vec<(String, String)> {
    let mut rest = text.trim_start();
    let mut found = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        found.push((name.trim().to_ascii_lowercase(), value.to_owned()));
        rest = after.trim_start_matches([',', ' ']);
    }
    found
}

/// The next page of a list: `</v2/…>; rel="next"`.
fn next(link: String) -> Option<String> {
    let (address, relation) = link.strip_prefix('<')?.split_once('>')?;
    relation.contains("next").then(|| address.to_owned())
}

fn json<T: DeserializeOwned>(url: &str, answer: Response<Body>) -> Result<T, Error> {
    let bytes = bytes(url, answer, MOST_WORDS)?;
    serde_json::from_slice(&bytes).map_err(|error| Error::Answer {
        url: url.to_owned(),
        why: format!("its answer is not what was asked for: {error}"),
    })
}

fn bytes(url: &str, mut answer: Response<Body>, most: u64) -> Result<Vec<u8>, Error> {
    // One more, so that all of them are no reason to stop.
    answer.body_mut().with_config().limit(most + 1).read_to_vec().map_err(|source| match source {
        ureq::Error::BodyExceedsLimit(_) => {
            Error::Answer { url: url.to_owned(), why: format!("its answer is longer than {most} bytes") }
        }
        source => Error::Unreachable { url: url.to_owned(), source: Box::new(source) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_wants_is_read_as_it_writes_it() {
        let text = r#"realm="https://a.example/token",service=a.example, scope="repository:x/y:pull,push""#;
        let expected =
            [("realm", "https://a.example/token"), ("service", "a.example"), ("scope", "repository:x/y:pull,push")];
        assert_eq!(parameters_of(text), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(parameters_of(""), []);
        assert_eq!(parameters_of(r#"realm="open"#), [("realm".to_owned(), "open".to_owned())]);
        assert_eq!(
            next(r#"</v2/a/tags/list?last=1&n=2>; rel="next""#.to_owned()).as_deref(),
            Some("/v2/a/tags/list?last=1&n=2")
        );
        assert_eq!(next("/v2/a".to_owned()), None);
    }
}
