//! Gates (`@since`, `@unstable`, `@deprecated`) and comments: what is promised of an item rather than what it is.

super::table! {
    MADE_UNSTABLE "made-unstable" Deny Major [Callers Implementers]
        "a stable item became unstable"
        "was stable, and is behind the feature `{new}`"
        "Tools leave out what is `@unstable` unless its feature is asked for, so to everyone else it is gone."
    STABILIZED "stabilized" Allow Minor []
        "an unstable item became stable"
        "was behind the feature `{old}`, and is stable"
        "It is new to whoever did not ask for the feature. What asks of implementers is as with an addition."
    UNSTABLE_ADDED "unstable-added" Allow Patch []
        "an unstable item was added"
        "was added behind the feature `{new}`"
        "It promises nothing, and nobody sees it who does not ask for the feature."
    UNSTABLE_REMOVED "unstable-removed" Warn Patch []
        "an unstable item was removed"
        "was removed; it was behind the feature `{old}`"
        "It promised nothing. Whoever asked for the feature will notice."
    UNSTABLE_CHANGED "unstable-changed" Warn Patch []
        "an unstable item changed"
        "is `{new}` now, and was `{old}`"
        "It promised nothing. Whoever asked for the feature will notice."
    SINCE_ADDED "since-added" Allow Patch []
        "an item says since when it is there"
        "is there since {new}, it says now"
        "`@since` lets tools give each version of a package what it held."
    SINCE_REMOVED "since-removed" Warn Patch []
        "an item no longer says since when it is there"
        "no longer says that it is there since {old}"
        "Tools that derive an earlier version from this one take the item for older than it is."
    SINCE_CHANGED "since-changed" Warn Patch []
        "an item says it is there since another version"
        "says it is there since {new}; it said {old}"
        "Tools that derive an earlier version from this one go by `@since`: one that is there since 1.2.0 is left out of \
         1.1.0, though it was in it."
    SINCE_TOO_OLD "since-too-old" Warn Patch []
        "a new item says it has been there before"
        "is new, and says it is there since {new}"
        "It was not in the old version. `@since` should name the version that adds it."
    DEPRECATED "deprecated" Allow Minor []
        "an item was deprecated"
        "is deprecated since {new}"
        "It goes on working. The next major version may leave it out."
    UNDEPRECATED "undeprecated" Allow Patch []
        "an item is no longer deprecated"
        "is no longer deprecated; it was since {old}"
        "Nobody has to do anything."
    DOCS_CHANGED "docs-changed" Allow Patch []
        "a comment changed"
        "has another comment"
        "Bindings show it. Whether it says that the item does something else, only people can tell."
}
