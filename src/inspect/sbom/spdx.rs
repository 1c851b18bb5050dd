//! The bill as SPDX 2.3: components contain packages, packages depend on packages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Bill, cyclonedx::uuid};
use crate::packages::{Package, Role, is_licence};

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
/// What the format demands and the same binary cannot tell twice alike: the time of writing.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// The document.
pub fn spdx(bill: &Bill) -> Value {
    // A package that is in several components is described once.
    let known: BTreeMap<&String, &Package> = bill.parts.iter().flat_map(|part| &part.packages).collect();
    let package_ids: BTreeMap<&str, String> =
        known.keys().enumerate().map(|(at, purl)| (purl.as_str(), format!("SPDXRef-Package-{}", at + 1))).collect();
    let component_id = |at: usize| format!("SPDXRef-Component-{at}");

    let mut packages = Vec::new();
    let mut relations = vec![relation(DOCUMENT, "DESCRIBES", &component_id(0))];
    let mut needs: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (at, part) in bill.parts.iter().enumerate() {
        let id = component_id(at);
        let name = if part.path.is_empty() { &bill.name } else { &part.path };
        let mut component = json!({
            "SPDXID": id,
            "name": name,
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": false,
            "primaryPackagePurpose": "APPLICATION",
        });
        if part.path.is_empty() {
            component["checksums"] = json!([{ "algorithm": "SHA256", "checksumValue": bill.sha256 }]);
        } else {
            relations.push(relation(&component_id(0), "CONTAINS", &id));
        }
        if let Some(language) = &part.language {
            component["comment"] = format!("Written in {language}").into();
        }
        packages.push(component);
        for (purl, package) in &part.packages {
            let package_id = &package_ids[purl.as_str()];
            relations.push(match package.role {
                Role::Build => relation(package_id, "BUILD_DEPENDENCY_OF", &id),
                Role::Runtime => relation(package_id, "RUNTIME_DEPENDENCY_OF", &id),
                Role::Own | Role::Dependency => relation(&id, "CONTAINS", package_id),
            });
        }
        needs.extend(part.needs.iter().map(|(of, needed)| (of.as_str(), needed.as_str())));
    }
    packages.extend(known.iter().map(|(purl, package)| self::package(&package_ids[purl.as_str()], purl, package)));
    let edge =
        |(of, needed): (&str, &str)| Some(relation(package_ids.get(of)?, "DEPENDS_ON", package_ids.get(needed)?));
    relations.extend(needs.into_iter().filter_map(edge));
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": bill.name,
        "documentNamespace": format!("urn:uuid:{}", uuid(&bill.sha256)),
        "creationInfo": {
            "created": CREATED,
            "creators": [format!("Tool: cargo-mosaic-{}", env!("CARGO_PKG_VERSION"))],
            "comment": "Made of the binary alone: the same binary has the same document, so the time says nothing.",
        },
        "packages": packages,
        "relationships": relations,
    })
}

fn package(id: &str, purl: &str, package: &Package) -> Value {
    let mut it = Map::new();
    it.insert("SPDXID".into(), id.into());
    it.insert("name".into(), package.name.as_str().into());
    if let Some(version) = &package.version {
        it.insert("versionInfo".into(), version.as_str().into());
    }
    it.insert("downloadLocation".into(), "NOASSERTION".into());
    it.insert("filesAnalyzed".into(), false.into());
    it.insert("licenseConcluded".into(), "NOASSERTION".into());
    let declared = package.licence.as_deref().filter(|licence| is_licence(licence)).unwrap_or("NOASSERTION");
    it.insert("licenseDeclared".into(), declared.into());
    it.insert("copyrightText".into(), "NOASSERTION".into());
    it.insert(
        "externalRefs".into(),
        json!([{ "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl }]),
    );
    Value::Object(it)
}

fn relation(from: &str, kind: &str, to: &str) -> Value {
    json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to })
}
