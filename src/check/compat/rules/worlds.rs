//! Packages, their versions, interfaces and worlds; and components that take each other's place.

super::table! {
    PACKAGE_REMOVED "package-removed" Deny Major [Callers Implementers Hosts]
        "a package was removed"
        "was removed"
        "Whatever imports or exports one of its interfaces, or targets one of its worlds, no longer finds it."
    PACKAGE_RENAMED "package-renamed" Deny Major [Callers Implementers Hosts]
        "a package was renamed"
        "was probably renamed to `{new}`"
        "The package's name is part of the name of every import and export, so components of the old name and of the new \
         do not see each other. That it is the same package is a guess: it is the only one on either side without a \
         counterpart. Its contents are compared as if only the name had changed."
    PACKAGE_ADDED "package-added" Allow Minor []
        "a package was added"
        "was added"
        "Nobody can depend on it yet."
    VERSION_TOO_SMALL "version-too-small" Deny Major [Callers Implementers]
        "the version number promises more than the change keeps"
        "has a version that promises too much: {new}"
        "Tools match versions of one semver track with each other: 0.2.0 with 0.2.6, 1.2.0 with 1.9.0. A breaking change \
         within a track is found only when components are composed or started. The report names the smallest version \
         that is honest. For 0.x the minor number is the track, for 0.0.x every version is one of its own, and \
         pre-releases match only themselves."
    VERSION_DECREASED "version-decreased" Deny Major [Callers Implementers]
        "the version number went down"
        "went down from {old} to {new}"
        "Whoever asks for the highest version of a track is given the older contents."
    VERSION_LEFT_OUT "version-left-out" Deny Major [Callers Implementers Hosts]
        "a package no longer has a version"
        "no longer has a version; it was {old}"
        "The version is part of the name of every import and export, so nothing built against the versioned package finds \
         its interfaces under the new name."
    VERSION_GIVEN "version-given" Deny Major [Callers Implementers Hosts]
        "a package has a version for the first time"
        "has a version for the first time: {new}"
        "The version is part of the name of every import and export, so nothing built against the package without one \
         finds its interfaces under the new name. It happens once, and is worth it."
    DEPENDENCY_MOVED "dependency-moved" Deny Major [Callers Implementers Hosts]
        "a package that types come from is used in an incompatible version"
        "is used in version {new} instead of {old}"
        "Types of two semver tracks are different types, resources above all: a stream of `wasi:io` 0.2 is none of 0.3. \
         Every function that takes or gives one changes with it."
    DEPENDENCY_UPDATED "dependency-updated" Allow Minor [Hosts]
        "a package that types come from is used in another compatible version"
        "is used in version {new} instead of {old}"
        "Versions of one semver track match. Going up asks hosts and providers for the newer one; going down for less."
    INTERFACE_REMOVED "interface-removed" Deny Major [Callers Implementers]
        "an interface was removed"
        "was removed"
        "Components that import it cannot be composed with a provider of the new version, and bindings of those that \
         export it no longer exist. Mark it `@deprecated` first, and remove it with the next major version."
    INTERFACE_RENAMED "interface-renamed" Deny Major [Callers Implementers]
        "an interface was renamed"
        "was probably renamed to `{new}`"
        "Imports and exports meet by name. That it is the same interface is a guess from what it holds; its contents are \
         compared as if only the name had changed."
    INTERFACE_ADDED "interface-added" Allow Minor []
        "an interface was added"
        "was added"
        "Nobody depends on it yet. A world that exports it is told of by `export-added`."
    WORLD_REMOVED "world-removed" Deny Major [Implementers Hosts]
        "a world was removed"
        "was removed"
        "Components that were written against it cannot generate bindings any more, and hosts no longer say what they \
         offer."
    WORLD_RENAMED "world-renamed" Deny Major [Implementers Hosts]
        "a world was renamed"
        "was probably renamed to `{new}`"
        "Built components do not carry the name of their world, so they go on running; sources and manifests that name \
         it have to change. That it is the same world is a guess from what it imports and exports."
    WORLD_ADDED "world-added" Allow Minor []
        "a world was added"
        "was added"
        "Nobody depends on it yet."
    IMPORT_REMOVED "import-removed" Deny Major [Callers]
        "a world no longer imports something"
        "is no longer imported"
        "Components built for the old world import it, and a host of the new world need not have it. An interface that a \
         world imports only because another one uses its types counts as well: components import it by name."
    IMPORT_ADDED "import-added" Warn Minor [Hosts]
        "a world imports something more"
        "is imported now"
        "Components built for the old world do without it. A host of the old world cannot run components built for the \
         new one, so hosts have to move first."
    EXPORT_ADDED "export-added" Deny Major [Implementers]
        "a world exports something more"
        "is exported now"
        "Components built for the old world do not have it, and a host of the new world may call it. Put it into a new \
         world that includes the old one."
    EXPORT_REMOVED "export-removed" Warn Minor [Hosts]
        "a world no longer exports something"
        "is no longer exported"
        "Components built for the old world have it to spare. A host of the old world may call what components of the \
         new one do not have, so hosts have to move first."
    EXPORT_EXTENDED "export-extended" Deny Major [Implementers]
        "an interface that a world exports asks for more"
        "asks components for more: {new}"
        "What is added to an interface is no concern of those that import it, but a component built for the old world \
         exports the interface as it was. Put the addition into an interface of its own."
    WORLD_ITEM_CHANGED "world-item-changed" Deny Major [Callers Implementers]
        "what a world imports or exports under a name is another thing"
        "was {old}, and is {new}"
        "An import meets an export of its name only if both are functions, or both the same interface."
    NEEDS_MORE "component-needs-more" Deny Major [Hosts]
        "a component imports something more"
        "is needed now"
        "Told where one component takes another's place: a host, or an app that the old one was composed into, may not \
         have it."
    NEEDS_LESS "component-needs-less" Allow Patch []
        "a component imports something less"
        "is no longer needed"
        "Told where one component takes another's place."
    OFFERS_MORE "component-offers-more" Allow Minor []
        "a component exports something more"
        "is offered now"
        "Told where one component takes another's place: nobody asks for it yet."
    OFFERS_LESS "component-offers-less" Deny Major [Callers]
        "a component exports something less"
        "is no longer offered"
        "Told where one component takes another's place: whoever calls it finds nothing under its name."
}
