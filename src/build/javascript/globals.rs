//! What JavaScript uses of its engine that reaches the host by itself: for the record in the component.
//!
//! A name that a module declares for itself counts as the engine's all the same: this is evidence, no proof.

use std::collections::BTreeSet;

use oxc_ast::ast::{Expression, IdentifierReference, Program, StaticMemberExpression};
use oxc_ast_visit::{Visit, walk};

/// Names of the engine's that reach the host, whatever is done with them.
const NAMES: &[&str] = &["console", "Date", "performance", "setTimeout", "setInterval", "crypto", "fetch"];
/// Those of which only a member does.
const MEMBERS: &[(&str, &str, &str)] = &[("Math", "random", "Math.random")];

/// The names that a module uses.
pub(super) fn used(program: &Program<'_>) -> BTreeSet<&'static str> {
    let mut uses = Uses(BTreeSet::new());
    uses.visit_program(program);
    uses.0
}

struct Uses(BTreeSet<&'static str>);

impl<'a> Visit<'a> for Uses {
    fn visit_identifier_reference(&mut self, name: &IdentifierReference<'a>) {
        self.0.extend(NAMES.iter().find(|known| **known == name.name.as_str()));
    }

    fn visit_static_member_expression(&mut self, member: &StaticMemberExpression<'a>) {
        if let Expression::Identifier(object) = &member.object {
            let is_one = |(of, name, _): &&(&str, &str, &str)| {
                *of == object.name.as_str() && *name == member.property.name.as_str()
            };
            self.0.extend(MEMBERS.iter().find(is_one).map(|(_, _, whole)| *whole));
        }
        walk::walk_static_member_expression(self, member);
    }
}

#[cfg(test)]
mod tests {
    use oxc_allocator::Allocator;
    use oxc_parser::Parser;
    use oxc_span::SourceType;

    use super::*;

    #[test]
    fn what_reaches_the_host_is_found_wherever_it_is() {
        let allocator = Allocator::default();
        let text = "const log = (x) => { if (x) console.log(Math.random(), `${Date.now()}`); }; // fetch\n\
                    export const o = { crypto: 1, f() { return o.performance + Math.max(1); } };";
        let parsed = Parser::new(&allocator, text, SourceType::mjs()).parse();
        assert_eq!(used(&parsed.program).into_iter().collect::<Vec<_>>(), ["Date", "Math.random", "console"]);
    }
}
