//! Whether the version chosen is honest, and which one would be.
//!
//! A version promises what its semver track does: 1.4.0 works for whoever was built against 1.2.0; 0.3.2 for 0.3.1;
//! 0.0.2 for nobody but itself; and a pre-release for nobody else either.

use schemars::JsonSchema;
use semver::{Prerelease, Version};
use serde::Serialize;

use super::rules::Bump;

/// What is to be said of the version of one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Verdict {
    /// `acme:shop`.
    pub package: String,
    #[schemars(with = "Option<String>")]
    pub old: Option<Version>,
    #[schemars(with = "Option<String>")]
    pub new: Option<Version>,
    /// What the changes ask for; `None` where nothing changed.
    pub needed: Option<Bump>,
    /// The smallest version that is honest; `None` where nothing changed or nothing has a version.
    #[schemars(with = "Option<String>")]
    pub honest: Option<Version>,
    pub step: Step,
}

/// How the version chosen relates to the changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    Fits,
    TooSmall,
    Decreased,
    /// One side or both have no version: then any change is one to all.
    Unversioned,
}

impl Verdict {
    pub fn new(package: String, old: Option<Version>, new: Option<Version>, needed: Option<Bump>) -> Verdict {
        let honest = match (&old, needed) {
            (Some(old), Some(needed)) => Some(next(old, needed)),
            _ => None,
        };
        let step = match (&old, &new) {
            (Some(old), Some(new)) if new.cmp_precedence(old).is_lt() => Step::Decreased,
            (Some(old), Some(new)) => match needed {
                Some(needed) if !covers(old, new, needed) => Step::TooSmall,
                _ => Step::Fits,
            },
            _ => Step::Unversioned,
        };
        Verdict { package, old, new, needed, honest, step }
    }

    /// Whether the step from the old version to the new allows for a change.
    pub fn covers(&self, bump: Bump) -> bool {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => covers(old, new, bump),
            _ => false,
        }
    }
}

/// The part of a version that compatible versions share.
fn track(version: &Version) -> (u64, u64, u64, &str) {
    match (version.major, version.minor) {
        _ if !version.pre.is_empty() => (version.major, version.minor, version.patch, version.pre.as_str()),
        (0, 0) => (0, 0, version.patch, ""),
        (0, minor) => (0, minor, 0, ""),
        (major, _) => (major, 0, 0, ""),
    }
}

/// Whether going from one version to the other allows for a change.
fn covers(old: &Version, new: &Version, bump: Bump) -> bool {
    if !new.cmp_precedence(old).is_gt() {
        return false;
    }
    match bump {
        Bump::Major => track(old) != track(new) && leads_out(old, new),
        Bump::Minor => track(old) != track(new) || old.major == 0 || new.minor > old.minor,
        Bump::Patch => true,
    }
}

/// Whether the new version, once it is final, is of another track as well: 1.3.0-rc.1 still promises what 1.2.0 does.
fn leads_out(old: &Version, new: &Version) -> bool {
    let last = Version { pre: Prerelease::EMPTY, ..new.clone() };
    !old.pre.is_empty() || track(old) != track(&last)
}

/// The smallest version after `old` that allows for a change.
pub fn next(old: &Version, bump: Bump) -> Version {
    if !old.pre.is_empty() {
        return next_pre_release(old);
    }
    match (bump, old.major, old.minor) {
        (Bump::Major, 0, 0) | (Bump::Minor, 0, _) | (Bump::Patch, _, _) => {
            Version::new(old.major, old.minor, old.patch + 1)
        }
        (Bump::Major, 0, minor) => Version::new(0, minor + 1, 0),
        (Bump::Major, major, _) => Version::new(major + 1, 0, 0),
        (Bump::Minor, major, minor) => Version::new(major, minor + 1, 0),
    }
}

/// `0.3.0-rc.2` of `0.3.0-rc.1`; the version itself of any other pre-release.
fn next_pre_release(old: &Version) -> Version {
    let pre = old.pre.as_str();
    let (head, number) = pre.rsplit_once('.').map_or(("", pre), |(head, number)| (head, number));
    let next = number.parse::<u64>().ok().and_then(|number| number.checked_add(1));
    let pre = next.and_then(|number| {
        let text = if head.is_empty() { number.to_string() } else { format!("{head}.{number}") };
        Prerelease::new(&text).ok()
    });
    Version { pre: pre.unwrap_or(Prerelease::EMPTY), build: semver::BuildMetadata::EMPTY, ..old.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(old: &str, new: &str, needed: Bump) -> (Step, String) {
        let version = |text: &str| Some(Version::parse(text).unwrap());
        let verdict = Verdict::new("a:b".to_owned(), version(old), version(new), Some(needed));
        (verdict.step, verdict.honest.unwrap().to_string())
    }

    #[test]
    fn versions_keep_what_their_track_promises() {
        use Bump::{Major, Minor, Patch};
        use Step::{Decreased, Fits, TooSmall};
        for (old, new, needed, step, honest) in [
            ("1.2.3", "2.0.0", Major, Fits, "2.0.0"),
            ("1.2.3", "1.3.0", Major, TooSmall, "2.0.0"),
            ("1.2.3", "1.2.4", Minor, TooSmall, "1.3.0"),
            ("1.2.3", "1.3.0", Minor, Fits, "1.3.0"),
            ("1.2.3", "2.0.0", Minor, Fits, "1.3.0"),
            ("1.2.3", "1.2.4", Patch, Fits, "1.2.4"),
            ("1.2.3", "1.2.3", Patch, TooSmall, "1.2.4"),
            ("0.3.0", "0.3.1", Major, TooSmall, "0.4.0"),
            ("0.3.0", "0.4.0", Major, Fits, "0.4.0"),
            ("0.3.0", "1.0.0", Major, Fits, "0.4.0"),
            ("0.3.0", "0.3.1", Minor, Fits, "0.3.1"),
            ("0.3.0", "0.3.0", Minor, TooSmall, "0.3.1"),
            ("0.0.1", "0.0.2", Major, Fits, "0.0.2"),
            ("0.0.1", "0.0.2", Minor, Fits, "0.0.2"),
            ("0.0.1", "0.0.1", Minor, TooSmall, "0.0.2"),
            ("0.3.0-rc.1", "0.3.0-rc.2", Major, Fits, "0.3.0-rc.2"),
            ("0.3.0-rc.1", "0.3.0-rc.1", Major, TooSmall, "0.3.0-rc.2"),
            ("0.3.0-rc.1", "0.3.0", Major, Fits, "0.3.0-rc.2"),
            ("0.3.0-draft", "0.3.0", Major, Fits, "0.3.0"),
            ("1.2.0", "1.3.0-rc.1", Major, TooSmall, "2.0.0"),
            ("1.2.0", "2.0.0-rc.1", Major, Fits, "2.0.0"),
            ("1.2.0", "1.3.0-rc.1", Minor, Fits, "1.3.0"),
            ("1.2.0", "1.1.0", Patch, Decreased, "1.2.1"),
            ("1.0.0", "1.0.0-rc.1", Patch, Decreased, "1.0.1"),
            ("1.0.0+a", "1.0.0+b", Major, TooSmall, "2.0.0"),
        ] {
            assert_eq!(verdict(old, new, needed), (step, honest.to_owned()), "{old} -> {new}, {needed:?}");
        }
    }

    #[test]
    fn nothing_changed_asks_for_nothing() {
        let version = Some(Version::new(1, 0, 0));
        let verdict = Verdict::new("a:b".to_owned(), version.clone(), version, None);
        assert_eq!((verdict.step, verdict.honest), (Step::Fits, None));
    }
}
