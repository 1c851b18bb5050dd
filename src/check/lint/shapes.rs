//! Types and signatures that work, and will be regretted.

use wit_parser::{Function, Result_, Type, TypeDef, TypeDefKind, TypeId, TypeOwner};

use super::{
    items::{Linter, Named, in_signature, mentions},
    rules::{
        BOOL_PARAMETERS, CLOSED_ERROR, ERROR_AS_STRING, LONG_TUPLE, MANY_PARAMETERS, OPTION_OF_OPTION,
        RESULT_WITHOUT_ERROR,
    },
};
use crate::{
    check::compat::{Item, Root},
    compare::{base, type_text},
};

/// More parameters than these are too many, the resource of a method aside.
const PARAMETERS: usize = 7;
const TUPLE: usize = 4;
/// Names of cases that leave room for what is yet to come.
const ROOM: &[&str] = &["other", "unknown", "internal", "internal-error", "unexpected", "custom"];

impl Linter<'_> {
    pub(super) fn type_shape(&mut self, named: Named<'_>, def: &TypeDef) {
        match &def.kind {
            // One that is named is looked at where it is named.
            TypeDefKind::Tuple(_) | TypeDefKind::Option(_) => self.nested(named, &def.kind),
            _ => {}
        }
        mentions(&def.kind, &mut |ty| self.nameless(named, ty));
    }

    pub(super) fn function_shape(&mut self, named: Named<'_>, function: &Function) {
        in_signature(function, &mut |ty| self.nameless(named, ty));
        let receiver = usize::from(function.kind.resource().is_some() && function.params.first().is_some_and(is_self));
        let params = &function.params[receiver.min(function.params.len())..];
        if params.len() > PARAMETERS {
            self.tell(&MANY_PARAMETERS, named.item, params.len().to_string(), named.span);
        }
        if let Some(pair) = params.windows(2).find(|pair| pair.iter().all(|param| param.ty == Type::Bool)) {
            let both = format!("{}, {}", pair[0].name, pair[1].name);
            self.tell(&BOOL_PARAMETERS, named.item, both, pair[1].span);
        }
        if let Some(Type::Id(id)) = function.result
            && let TypeDefKind::Result(result) = self.resolve.types[base(self.resolve, id)].kind.clone()
        {
            self.fails(named, id, &result);
        }
    }

    fn fails(&mut self, named: Named<'_>, id: TypeId, result: &Result_) {
        let resolve = self.resolve;
        let Some(error) = result.err else {
            return self.tell(&RESULT_WITHOUT_ERROR, named.item, type_text(resolve, Type::Id(id)), named.span);
        };
        let id = match error {
            Type::Id(id) => base(resolve, id),
            Type::String => return self.tell(&ERROR_AS_STRING, named.item, None, named.span),
            _ => return,
        };
        let def = &resolve.types[id];
        let has_room = match &def.kind {
            TypeDefKind::Type(Type::String) => return self.tell(&ERROR_AS_STRING, named.item, None, named.span),
            TypeDefKind::Enum(of) => of.cases.iter().any(|case| ROOM.contains(&case.name.as_str())),
            TypeDefKind::Variant(of) => {
                of.cases.iter().any(|case| ROOM.contains(&case.name.as_str()) || case.ty == Some(Type::String))
            }
            _ => return,
        };
        let TypeOwner::Interface(home) = def.owner else { return };
        let home = &resolve.interfaces[home];
        if let (false, Some(package), Some(name)) =
            (has_room, home.package.filter(|id| self.own.contains(id)), &home.name)
        {
            let package = &resolve.packages[package].name;
            let root = Root::Interface(format!("{}:{}/{name}", package.namespace, package.name));
            let item = Item::of(root).inside(self.type_step(id));
            self.tell(&CLOSED_ERROR, &item, None, def.span);
        }
    }

    /// A type that is written out where it is used, and those within.
    fn nameless(&mut self, named: Named<'_>, ty: &Type) {
        let mut left = vec![*ty];
        while let Some(ty) = left.pop() {
            let Type::Id(id) = ty else { continue };
            let def = &self.resolve.types[id];
            if def.name.is_none() {
                self.nested(named, &def.kind);
                mentions(&def.kind, &mut |ty| left.push(*ty));
            }
        }
    }

    fn nested(&mut self, named: Named<'_>, kind: &TypeDefKind) {
        let resolve = self.resolve;
        match kind {
            TypeDefKind::Tuple(of) if of.types.len() > TUPLE => {
                self.tell(&LONG_TUPLE, named.item, of.types.len().to_string(), named.span);
            }
            TypeDefKind::Option(Type::Id(id))
                if matches!(resolve.types[base(resolve, *id)].kind, TypeDefKind::Option(_)) =>
            {
                self.tell(&OPTION_OF_OPTION, named.item, None, named.span);
            }
            _ => {}
        }
    }
}

fn is_self(param: &wit_parser::Param) -> bool {
    param.name == "self"
}
