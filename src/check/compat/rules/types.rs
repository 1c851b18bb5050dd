//! Types. What a type is made of is compared for equality, names and order included: it decides how values lie in memory.

super::table! {
    TYPE_REMOVED "type-removed" Deny Major [Callers]
        "a type was removed"
        "was removed"
        "Bindings no longer have it, and interfaces and worlds that `use` it no longer resolve."
    TYPE_ADDED "type-added" Allow Minor [Implementers]
        "a type was added"
        "was added"
        "Callers of the old version do not use it. A component that exports the interface exports its types as well, so \
         for a world that exports it this is `export-extended`."
    TYPE_RENAMED "type-renamed" Deny Major [Callers Implementers]
        "a type was renamed"
        "was probably renamed to `{new}`"
        "An instance exports its types by name, and bindings are named after them. That it is the same type is a guess \
         from its structure or its name. `type old-name = new-name;` keeps both."
    TYPE_KIND_CHANGED "type-kind-changed" Deny Major [Callers Implementers]
        "a type is of another kind"
        "was {old}, and is {new}"
        "A record, a variant, an enum, flags and a resource have nothing in common but the name."
    TYPE_RETYPED "type-retyped" Deny Major [Callers Implementers]
        "a type stands for another type"
        "stands for `{new}`, and stood for `{old}`"
        "`type` gives a name to a type and makes none: every place that uses the name changes with it."
    TYPE_RESPELLED "type-respelled" Allow Patch []
        "a type is written in another way and means the same"
        "is written `{new}` now, and means what `{old}` did"
        "Names of types inside of others do not count in a component; bindings may show the other name."
    RESOURCE_REMOVED "resource-removed" Deny Major [Callers Implementers]
        "a resource was removed"
        "was removed"
        "Its methods, and every function that takes or gives one, went with it."
    RESOURCE_ADDED "resource-added" Allow Minor [Implementers]
        "a resource was added"
        "was added"
        "Callers of the old version do not use it. For a world that exports the interface this is `export-extended`."
    USE_MOVED "use-moved" Deny Major [Callers Implementers]
        "a resource is used from another place"
        "came from {old}, and comes from {new}"
        "Two resources are never the same, however alike they are. Both ends have to take it from one place."
    FIELD_ADDED "field-added" Deny Major [Callers Implementers]
        "a field was added to a record"
        "was added: `{new}`"
        "Records have all of their fields, always: there are no defaults and no gaps. Leave the record as it is and add \
         a function or a second record."
    FIELD_REMOVED "field-removed" Deny Major [Callers Implementers]
        "a field was removed from a record"
        "was removed: `{old}`"
        "The fields that follow lie elsewhere in memory, and whoever reads the field finds none."
    FIELD_RENAMED "field-renamed" Deny Major [Callers Implementers]
        "a field of a record was renamed"
        "was probably renamed to `{new}`"
        "Names of fields are part of the type. That it is the same field is a guess from its place and type."
    FIELDS_REORDERED "fields-reordered" Deny Major [Callers Implementers]
        "fields of a record stand in another order"
        "has its fields in another order: `{old}` before, `{new}` now"
        "Order is how a record lies in memory, and part of its type."
    FIELD_RETYPED "field-retyped" Deny Major [Callers Implementers]
        "a field of a record has another type"
        "changed from `{old}` to `{new}`"
        "Types are compared for equality all the way down."
    CASE_ADDED "case-added" Deny Major [Callers Implementers]
        "a case was added to a variant"
        "was added: `{new}`"
        "There is no unknown case in WIT: whoever matches on the variant would be given a number it has no name for. \
         Errors that may grow are better told as a resource, or with a case that carries text."
    CASE_REMOVED "case-removed" Deny Major [Callers Implementers]
        "a case was removed from a variant"
        "was removed: `{old}`"
        "The cases that follow have other numbers, and whoever sends it names nothing."
    CASE_RENAMED "case-renamed" Deny Major [Callers Implementers]
        "a case of a variant was renamed"
        "was probably renamed to `{new}`"
        "Names of cases are part of the type. That it is the same case is a guess from its place and type."
    CASES_REORDERED "cases-reordered" Deny Major [Callers Implementers]
        "cases of a variant stand in another order"
        "has its cases in another order: `{old}` before, `{new}` now"
        "A case is sent as its number."
    CASE_RETYPED "case-retyped" Deny Major [Callers Implementers]
        "a case of a variant carries another type"
        "changed from `{old}` to `{new}`"
        "What a case carries is part of the type, and so is that it carries nothing."
    ENUM_CASE_ADDED "enum-case-added" Deny Major [Callers Implementers]
        "a case was added to an enum"
        "was added"
        "There is no unknown case in WIT: whoever matches on the enum would be given a number it has no name for."
    ENUM_CASE_REMOVED "enum-case-removed" Deny Major [Callers Implementers]
        "a case was removed from an enum"
        "was removed"
        "The cases that follow have other numbers, and whoever sends it names nothing."
    ENUM_CASE_RENAMED "enum-case-renamed" Deny Major [Callers Implementers]
        "a case of an enum was renamed"
        "was probably renamed to `{new}`"
        "Names of cases are part of the type. That it is the same case is a guess from its place."
    ENUM_CASES_REORDERED "enum-cases-reordered" Deny Major [Callers Implementers]
        "cases of an enum stand in another order"
        "has its cases in another order: `{old}` before, `{new}` now"
        "A case is sent as its number."
    FLAG_ADDED "flag-added" Deny Major [Callers Implementers]
        "a flag was added"
        "was added"
        "Flags are a fixed set of bits, and the set is part of the type: with the ninth flag even its size changes."
    FLAG_REMOVED "flag-removed" Deny Major [Callers Implementers]
        "a flag was removed"
        "was removed"
        "The flags that follow have other bits."
    FLAG_RENAMED "flag-renamed" Deny Major [Callers Implementers]
        "a flag was renamed"
        "was probably renamed to `{new}`"
        "Names of flags are part of the type. That it is the same flag is a guess from its place."
    FLAGS_REORDERED "flags-reordered" Deny Major [Callers Implementers]
        "flags stand in another order"
        "has its flags in another order: `{old}` before, `{new}` now"
        "A flag is sent as its bit."
}
