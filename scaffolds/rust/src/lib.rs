//! `{{name}}` implements the interface `{{name}}-api`.

use bindings::exports::{{namespace_snake}}::{{app_snake}}::{{snake}}_api::Guest;

struct {{camel}};

impl Guest for {{camel}} {
    fn greet(name: String) -> String {
        format!("Hello, {name}, from {{name}}!")
    }
}

bindings::export!({{camel}} with_types_in bindings);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greets_by_name() {
        assert_eq!({{camel}}::greet("World".into()), "Hello, World, from {{name}}!");
    }
}
