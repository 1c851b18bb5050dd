//! The bill as CycloneDX 1.6: packages as components of the component they are in.

use serde_json::{Map, Value, json};

use super::{Bill, Part};
use crate::packages::{Ecosystem, Package, Role, is_licence};

/// The document.
pub fn cyclonedx(bill: &Bill) -> Value {
    let mut own = json!({
        "type": "application",
        "bom-ref": reference(""),
        "name": bill.name,
        "hashes": [{ "alg": "SHA-256", "content": bill.sha256 }],
    });
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for part in &bill.parts {
        let inside: Vec<Value> =
            part.packages.iter().map(|(purl, package)| self::package(part, purl, package)).collect();
        let mut needs: Vec<String> = part.direct().map(|purl| package_reference(part, purl)).collect();
        if part.path.is_empty() {
            needs.extend(bill.parts.iter().map(|part| reference(&part.path)).filter(|it| *it != reference("")));
            if !inside.is_empty() {
                own["components"] = Value::Array(inside);
            }
        } else {
            components.push(component(part, inside));
        }
        dependencies.push(json!({ "ref": reference(&part.path), "dependsOn": needs }));
        for purl in part.packages.keys() {
            let needs: Vec<String> = part.needed_by(purl).map(|needed| package_reference(part, needed)).collect();
            dependencies.push(json!({ "ref": package_reference(part, purl), "dependsOn": needs }));
        }
    }
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", uuid(&bill.sha256)),
        "version": 1,
        "metadata": {
            "tools": { "components": [
                { "type": "application", "name": "cargo-mosaic", "version": env!("CARGO_PKG_VERSION") }
            ] },
            "component": own,
        },
        "components": components,
        "dependencies": dependencies,
    })
}

fn component(part: &Part, inside: Vec<Value>) -> Value {
    let mut component = json!({
        "type": "application",
        "bom-ref": reference(&part.path),
        "name": part.path,
        "components": inside,
    });
    if let Some(language) = &part.language {
        component["properties"] = json!([{ "name": "mosaic:language", "value": language }]);
    }
    component
}

fn package(part: &Part, purl: &str, package: &Package) -> Value {
    let mut component = Map::new();
    let kind = match (package.ecosystem, package.role) {
        (Ecosystem::Generic, Role::Runtime) => "platform",
        _ => "library",
    };
    component.insert("type".into(), kind.into());
    component.insert("bom-ref".into(), package_reference(part, purl).into());
    component.insert("name".into(), package.name.as_str().into());
    if let Some(version) = &package.version {
        component.insert("version".into(), version.as_str().into());
    }
    component.insert("scope".into(), if package.role == Role::Build { "excluded" } else { "required" }.into());
    if let Some(licence) = package.licence.as_ref().filter(|licence| is_licence(licence)) {
        component.insert("licenses".into(), json!([{ "expression": licence }]));
    }
    component.insert("purl".into(), purl.into());
    component.insert("properties".into(), json!([{ "name": "mosaic:role", "value": package.role.name() }]));
    Value::Object(component)
}

/// What other places of the document call a component: each is there once.
fn reference(path: &str) -> String {
    format!("component:{path}")
}

/// The same package may be in several components.
fn package_reference(part: &Part, purl: &str) -> String {
    format!("{}#{purl}", reference(&part.path))
}

/// A UUID of the form that is free to choose (version 8), made of a digest in hexadecimal.
pub(super) fn uuid(digest: &str) -> String {
    let digit = |at: usize| digest.as_bytes().get(at).copied().map_or('0', char::from);
    let part = |from: usize, to: usize| (from..to).map(digit).collect::<String>();
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
