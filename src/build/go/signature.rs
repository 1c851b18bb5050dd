//! A function as users write or call it: `func Check(token string) (auth.Claims, error)`.

use wit_parser::{Function, Result_, Type, TypeDefKind, TypeId};

use super::{
    failures,
    names::{self, Form},
    world::World,
};

/// Go types of parameters and results, the receiver left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    /// Name and type.
    pub params: Vec<(String, String)>,
    /// Types; the last one is `error` if the function can fail.
    pub results: Vec<String>,
    /// The function's `result`, if it has one.
    pub fallible: Option<Result_>,
}

/// Where types are named, and how: see [`names::go_type`].
pub(super) type Qualify<'a> = &'a mut dyn FnMut(TypeId) -> String;

impl Signature {
    pub fn of(world: &World, function: &Function, form: &Form, wit: &str, qualify: Qualify<'_>) -> Signature {
        let receiver = usize::from(matches!(form, Form::Method { .. }));
        let params = function.params[receiver..]
            .iter()
            .map(|param| (names::parameter(&param.name), names::go_type(world, param.ty, wit, qualify)))
            .collect();
        let fallible = failures::result(world, function);
        let results = match (&fallible, function.result) {
            (Some(result), _) => {
                let ok = result.ok.map(|ty| names::go_type(world, ty, wit, qualify));
                ok.into_iter().chain(["error".to_owned()]).collect()
            }
            (None, Some(ty)) => {
                several(world, ty).into_iter().map(|ty| names::go_type(world, ty, wit, qualify)).collect()
            }
            (None, None) => Vec::new(),
        };
        Signature { params, results, fallible }
    }

    /// The same as the generator has it: a `result` stays one.
    pub fn raw(world: &World, function: &Function, form: &Form, wit: &str, qualify: Qualify<'_>) -> Signature {
        let results = function.result.map(|ty| several(world, ty)).unwrap_or_default();
        let results = results.into_iter().map(|ty| names::go_type(world, ty, wit, qualify)).collect();
        Signature { results, fallible: None, ..Signature::of(world, function, form, wit, qualify) }
    }

    /// `token string, limit uint32`
    pub fn params(&self) -> String {
        self.params.iter().map(|(name, ty)| format!("{name} {ty}")).collect::<Vec<_>>().join(", ")
    }

    /// `token, limit`
    pub fn arguments(&self) -> String {
        self.params.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Nothing, ` string` or ` (string, error)`.
    pub fn results(&self) -> String {
        match self.results.as_slice() {
            [] => String::new(),
            [one] => format!(" {one}"),
            more => format!(" ({})", more.join(", ")),
        }
    }
}

/// A tuple that is a function's whole result is several results in Go.
pub(super) fn several(world: &World, ty: Type) -> Vec<Type> {
    // The generator asks for a tuple that is not hidden behind an alias.
    let Type::Id(id) = ty else { return vec![ty] };
    match &world.resolve.types[id].kind {
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        _ => vec![ty],
    }
}
