//! Names of imports and exports, and which versions are compatible.

use std::fmt;

use semver::Version;

/// The name of an import or an export: `acme:shop/auth@0.1.0`, or a bare name of a world's own.
///
/// Two versions are compatible when they are on one semver track, as the component model has it: `0.2.0` and `0.2.6`
/// are, `0.2` and `0.3` never, a pre-release only with itself. (wasmparser, `names::split_canonical_version`.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name<'a> {
    /// Without the version.
    pub base: &'a str,
    /// As written.
    pub version: Option<&'a str>,
}

impl<'a> Name<'a> {
    pub fn new(name: &'a str) -> Name<'a> {
        match name.split_once('@') {
            Some((base, version)) => Name { base, version: Some(version) },
            None => Name { base: name, version: None },
        }
    }

    /// The part of the version that compatible versions share: `0.2` of `0.2.6`.
    pub fn track(&self) -> Option<&'a str> {
        let version = self.version?;
        Some(wasmparser::names::split_canonical_version(version).map_or(version, |(track, _)| track))
    }

    /// Whether what asks for one of the two can be given the other.
    pub fn compatible(&self, other: &Name<'_>) -> bool {
        self.base == other.base && self.track() == other.track()
    }

    /// The name of the track: `wasi:io/streams@0.2` of `wasi:io/streams@0.2.6`.
    pub fn canonical(&self) -> String {
        match self.track() {
            Some(track) => format!("{}@{track}", self.base),
            None => self.base.to_owned(),
        }
    }

    /// For ordering on one track; `None` without a version or where it is only a track.
    pub fn semver(&self) -> Option<Version> {
        self.version.and_then(|version| Version::parse(version).ok())
    }

    /// `wasi:http` of `wasi:http/types@0.2.0`; `None` for a bare name.
    pub fn package(&self) -> Option<&'a str> {
        self.base.split_once('/').map(|(package, _)| package)
    }

    /// `types` of `wasi:http/types@0.2.0`; a bare name is its own.
    pub fn interface(&self) -> &'a str {
        self.base.split_once('/').map_or(self.base, |(_, interface)| interface)
    }

    /// Whether it lies in the `wasi` namespace.
    pub fn is_wasi(&self) -> bool {
        self.base.starts_with("wasi:")
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base)?;
        self.version.map_or(Ok(()), |version| write!(f, "@{version}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn compatible_versions_share_a_track() {
        let compatible = |a, b| Name::new(a).compatible(&Name::new(b));
        assert!(compatible("wasi:io/streams@0.2.0", "wasi:io/streams@0.2.6"));
        assert!(compatible("a:b/c@1.0.0", "a:b/c@1.9.0"));
        assert!(compatible("a:b/c@1.0.0", "a:b/c@1"));
        assert!(compatible("a:b/c", "a:b/c"));
        assert!(!compatible("wasi:io/streams@0.2.6", "wasi:io/streams@0.3.0"));
        assert!(!compatible("a:b/c@0.0.1", "a:b/c@0.0.2"));
        assert!(!compatible("a:b/c@0.3.0-rc-1", "a:b/c@0.3.0"));
        assert!(!compatible("a:b/c@0.3.0-rc-1", "a:b/c@0.3.0-rc-2"));
        assert!(compatible("a:b/c@0.3.0-rc-1", "a:b/c@0.3.0-rc-1"));
        assert!(!compatible("a:b/c", "a:b/c@1.0.0"));
        assert!(!compatible("a:b/c@1.0.0", "a:b/d@1.0.0"));
    }
}
