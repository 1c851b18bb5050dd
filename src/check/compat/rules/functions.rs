//! Functions, methods, constructors and static functions. An engine asks for equal functions, names of parameters
//! included, so whatever changes one breaks both of its ends.

super::table! {
    FUNCTION_REMOVED "function-removed" Deny Major [Callers]
        "a function was removed"
        "was removed"
        "A component that imports it cannot be composed with, or run on, what provides the new version."
    FUNCTION_ADDED "function-added" Warn Minor [Implementers]
        "a function was added"
        "was added"
        "Callers of the old version do not use it. Whoever provides the interface has to implement it before anyone \
         built against the new version can run on it."
    FUNCTION_RENAMED "function-renamed" Deny Major [Callers Implementers]
        "a function was renamed"
        "was probably renamed to `{new}`"
        "Functions meet by name. That it is the same function is a guess: its signature is the same and nothing else of \
         the interface has it, or the names are alike. Keep the old name, `@deprecated`, beside the new one."
    METHOD_REMOVED "method-removed" Deny Major [Callers]
        "a method of a resource was removed"
        "was removed"
        "A component that imports it cannot be composed with, or run on, what provides the new version."
    METHOD_ADDED "method-added" Warn Minor [Implementers]
        "a method of a resource was added"
        "was added"
        "Callers of the old version do not use it; whoever implements the resource has to have it."
    STATIC_REMOVED "static-removed" Deny Major [Callers]
        "a static function of a resource was removed"
        "was removed"
        "A component that imports it cannot be composed with, or run on, what provides the new version."
    STATIC_ADDED "static-added" Warn Minor [Implementers]
        "a static function of a resource was added"
        "was added"
        "Callers of the old version do not use it; whoever implements the resource has to have it."
    CONSTRUCTOR_REMOVED "constructor-removed" Deny Major [Callers]
        "the constructor of a resource was removed"
        "was removed"
        "Callers that make the resource themselves can no longer be composed with what provides the new version."
    CONSTRUCTOR_ADDED "constructor-added" Warn Minor [Implementers]
        "a resource was given a constructor"
        "was added"
        "Callers of the old version do not use it; whoever implements the resource has to have it."
    METHOD_KIND_CHANGED "method-kind-changed" Deny Major [Callers Implementers]
        "a method became a static function, or the other way round"
        "was `{old}`, and is `{new}`"
        "The kind is part of the function's name in a component (`[method]session.refresh`), and a method's first \
         parameter is the resource itself."
    PARAMETER_ADDED "parameter-added" Deny Major [Callers Implementers]
        "a parameter was added"
        "was added: `{new}`"
        "There are no optional parameters in WIT: every call has every parameter. Add a second function, or take a record."
    PARAMETER_REMOVED "parameter-removed" Deny Major [Callers Implementers]
        "a parameter was removed"
        "was removed: `{old}`"
        "A call that passes it meets a function that does not take it."
    PARAMETER_RENAMED "parameter-renamed" Deny Major [Callers Implementers]
        "a parameter was renamed"
        "was probably renamed to `{new}`"
        "Names of parameters are part of a component's types, and engines compare them; the type alone is not enough. \
         That it is the same parameter is a guess from its place and type."
    PARAMETERS_REORDERED "parameters-reordered" Deny Major [Callers Implementers]
        "parameters stand in another order"
        "takes its parameters in another order: `{old}` before, `{new}` now"
        "Arguments are passed by place. Even where the types would still fit, the names no longer do."
    PARAMETER_RETYPED "parameter-retyped" Deny Major [Callers Implementers]
        "a parameter has another type"
        "changed from `{old}` to `{new}`"
        "Types of parameters are compared for equality: a wider integer, an option or a list is another type, whatever \
         it may hold."
    RESULT_ADDED "result-added" Deny Major [Callers Implementers]
        "a function gives a result where it gave none"
        "was added: `{new}`"
        "Results are part of a function's type, and a function without one is another function."
    RESULT_REMOVED "result-removed" Deny Major [Callers Implementers]
        "a function no longer gives a result"
        "was removed: `{old}`"
        "Callers wait for a value that never comes."
    RESULT_RETYPED "result-retyped" Deny Major [Callers Implementers]
        "the result of a function has another type"
        "changed from `{old}` to `{new}`"
        "Results are compared for equality. To be able to tell of a failure later, give a `result` from the beginning."
    BECAME_ASYNC "became-async" Deny Major [Callers Implementers]
        "a function became async"
        "became async: `{new}`"
        "Being async is part of a function's type, and bindings call and implement it in another way."
    BECAME_SYNC "became-sync" Deny Major [Callers Implementers]
        "a function is no longer async"
        "is no longer async: `{new}`"
        "Being async is part of a function's type, and bindings call and implement it in another way."
}
