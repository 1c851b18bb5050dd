//! The shop's door to the world: routes requests, asks `auth` who is there, counts visits, has `render` make the page.

mod http;

use bindings::{
    acme::shop::{
        pages::{self, Page, Product, Theme, Visitor},
        tokens::{self, AuthError, Claims, Role},
    },
    exports::wasi::http::incoming_handler::Guest,
    wasi::{
        http::types::{IncomingRequest, ResponseOutparam},
        keyvalue::store,
        logging::logging::{Level, log},
    },
};
use http::{Answer, Request};

struct Gateway;

impl Guest for Gateway {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let answer = match Request::read(&request) {
            Ok(request) => route(&request),
            Err(why) => Answer::text(400, why),
        };
        answer.send(out);
    }
}

bindings::export!(Gateway with_types_in bindings);

fn route(request: &Request) -> Answer {
    let path = request.path.split('?').next().unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "/") => shop(request),
        ("POST", "/sign-in") => sign_in(request),
        _ => page(404, Page::Missing(path.into()), request),
    }
}

/// `POST /sign-in` with the name in the body: a token as plain text.
fn sign_in(request: &Request) -> Answer {
    let name = String::from_utf8_lossy(&request.body).trim().to_string();
    let roles = if name == "ada" { vec![Role::Member, Role::Admin] } else { vec![Role::Member] };
    let email = (!name.is_empty()).then(|| format!("{name}@example.com"));
    match tokens::issue(&name, email.as_deref(), &roles, 3600) {
        Ok(token) => {
            log(Level::Info, "sign-in", &name);
            Answer::text(200, token)
        }
        Err(why) => Answer::text(422, why),
    }
}

fn shop(request: &Request) -> Answer {
    let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_string));
    let seen = format!("{} {}", request.path, request.header("user-agent").unwrap_or_default());
    match tokens::check(token.as_deref(), &seen) {
        Ok(claims) => {
            let visitor = visitor(claims);
            page(200, Page::Catalogue((visitor, catalogue())), request)
        }
        Err(AuthError::Missing) => page(401, Page::SignIn(None), request),
        Err(error) => {
            let (status, why) = explain(&error);
            log(Level::Warn, "shop", &why);
            page(status, Page::SignIn(Some(why)), request)
        }
    }
}

fn explain(error: &AuthError) -> (u16, String) {
    match error {
        AuthError::Missing => (401, "no token".into()),
        AuthError::Malformed(why) => (400, format!("this is not a token: {why}")),
        AuthError::BadSignature => (401, "the token's signature is wrong".into()),
        AuthError::Expired(since) => (401, format!("the token expired at {since}")),
        AuthError::Risky(score) => {
            let evidence: Vec<_> = score.evidence.iter().map(|e| e.feature.as_str()).collect();
            (403, format!("this request looks like an attack ({:.0} %: {})", score.probability * 100.0, evidence.join(", ")))
        }
    }
}

fn visitor(claims: Claims) -> Visitor {
    let visits = count_visit(&claims.subject).map_err(|why| log(Level::Error, "visits", &why)).ok();
    let roles = claims.roles.iter().map(|role| format!("{role:?}").trim_start_matches("Role::").to_lowercase());
    Visitor {
        roles: roles.collect(),
        visits,
        risk: claims.score.probability,
        name: claims.subject,
        email: claims.email,
    }
}

/// Adds one to the visits kept for `subject`, and gives the sum.
fn count_visit(subject: &str) -> Result<u32, String> {
    let say = |error: store::Error| format!("{error:?}");
    let bucket = store::open("visits").map_err(say)?;
    let before = bucket.get(subject).map_err(say)?;
    let before = before.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok()).unwrap_or(0u32);
    let visits = before.saturating_add(1);
    bucket.set(subject, visits.to_string().as_bytes()).map_err(say)?;
    Ok(visits)
}

fn catalogue() -> Vec<Product> {
    let product = |name: &str, price, tags: &[&str], note: Option<&str>| Product {
        name: name.into(),
        price,
        tags: tags.iter().map(|tag| tag.to_string()).collect(),
        note: note.map(Into::into),
    };
    vec![
        product("Blue & white tile", 1250, &["ceramic", "10 cm"], None),
        product("Gold <smalto>", 8900, &["glass"], Some("cut by hand, 1/2\" and smaller")),
        product("Grout, 5 kg", 1999, &[], Some("covers about 6 m²")),
    ]
}

fn page(status: u16, page: Page, request: &Request) -> Answer {
    let theme = Theme { title: "Acme Mosaics".into(), dark: request.path.contains("theme=dark") };
    match pages::html(&page, &theme) {
        Ok(html) => Answer { status, content_type: "text/html; charset=utf-8", body: html.into_bytes() },
        Err(why) => Answer::text(500, why),
    }
}
