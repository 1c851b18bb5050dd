//! Types of values and of functions, written where they are not there yet.

use wasm_encoder::{ComponentValType, TypeBounds};
use wasmparser::component_types::{
    ComponentAnyTypeId, ComponentDefinedType, ComponentDefinedTypeId, ComponentFuncTypeId, ComponentValType as Value,
};

use super::types::{Source, Space, Unsupported};

/// What a named type is: another, or a resource of its own.
pub(super) fn bounds(
    space: &mut impl Space,
    source: Source<'_>,
    id: ComponentAnyTypeId,
) -> Result<TypeBounds, Unsupported> {
    if let Some(index) = space.find(source, id) {
        return Ok(TypeBounds::Eq(index));
    }
    match id {
        ComponentAnyTypeId::Resource(_) => Ok(TypeBounds::SubResource),
        ComponentAnyTypeId::Defined(id) => Ok(TypeBounds::Eq(defined(space, source, id)?)),
        ComponentAnyTypeId::Func(_) | ComponentAnyTypeId::Instance(_) | ComponentAnyTypeId::Component(_) => {
            Err(Unsupported("a named type is no type of values".to_owned()))
        }
    }
}

pub(super) fn function(
    space: &mut impl Space,
    source: Source<'_>,
    id: ComponentFuncTypeId,
) -> Result<u32, Unsupported> {
    let function = &source.types[id];
    let mut params = Vec::with_capacity(function.params.len());
    for (name, ty) in &function.params {
        params.push((name.as_str(), value(space, source, *ty)?));
    }
    let result = optional(space, source, function.result)?;
    let (index, encoder) = space.define();
    encoder.function().async_(function.async_).params(params).result(result);
    Ok(index)
}

fn value(space: &mut impl Space, source: Source<'_>, ty: Value) -> Result<ComponentValType, Unsupported> {
    Ok(match ty {
        Value::Primitive(ty) => ComponentValType::Primitive(ty.into()),
        Value::Type(id) => ComponentValType::Type(defined(space, source, id)?),
    })
}

fn optional(
    space: &mut impl Space,
    source: Source<'_>,
    ty: Option<Value>,
) -> Result<Option<ComponentValType>, Unsupported> {
    ty.map(|ty| value(space, source, ty)).transpose()
}

/// The index of a type of values, written where it is not there yet.
fn defined(space: &mut impl Space, source: Source<'_>, id: ComponentDefinedTypeId) -> Result<u32, Unsupported> {
    if let Some(index) = space.find(source, ComponentAnyTypeId::Defined(id)) {
        return Ok(index);
    }
    let ty = &source.types[id];
    let nominal = matches!(
        ty,
        ComponentDefinedType::Record(_)
            | ComponentDefinedType::Variant(_)
            | ComponentDefinedType::Enum(_)
            | ComponentDefinedType::Flags(_)
    );
    if nominal && space.wants_names() {
        return Err(Unsupported("a type comes from another part than the function".to_owned()));
    }
    let index = match ty {
        ComponentDefinedType::Primitive(ty) => {
            let (index, encoder) = space.define();
            encoder.defined_type().primitive((*ty).into());
            index
        }
        ComponentDefinedType::Record(record) => {
            let mut fields = Vec::with_capacity(record.fields.len());
            for (name, ty) in &record.fields {
                fields.push((name.as_str(), value(space, source, *ty)?));
            }
            let (index, encoder) = space.define();
            encoder.defined_type().record(fields);
            index
        }
        ComponentDefinedType::Variant(variant) => {
            let mut cases = Vec::with_capacity(variant.cases.len());
            for (name, case) in &variant.cases {
                cases.push((name.as_str(), optional(space, source, case.ty)?));
            }
            let (index, encoder) = space.define();
            encoder.defined_type().variant(cases);
            index
        }
        ComponentDefinedType::List { element, .. } => {
            let element = value(space, source, *element)?;
            let (index, encoder) = space.define();
            encoder.defined_type().list(element);
            index
        }
        ComponentDefinedType::Map { key, value: to, .. } => {
            let (key, to) = (value(space, source, *key)?, value(space, source, *to)?);
            let (index, encoder) = space.define();
            encoder.defined_type().map(key, to);
            index
        }
        ComponentDefinedType::FixedLengthList { element, length, .. } => {
            let element = value(space, source, *element)?;
            let (index, encoder) = space.define();
            encoder.defined_type().fixed_length_list(element, *length);
            index
        }
        ComponentDefinedType::Tuple(tuple) => {
            let mut types = Vec::with_capacity(tuple.types.len());
            for ty in &tuple.types {
                types.push(value(space, source, *ty)?);
            }
            let (index, encoder) = space.define();
            encoder.defined_type().tuple(types);
            index
        }
        ComponentDefinedType::Flags(names) => {
            let (index, encoder) = space.define();
            encoder.defined_type().flags(names.iter().map(|name| name.as_str()));
            index
        }
        ComponentDefinedType::Enum(names) => {
            let (index, encoder) = space.define();
            encoder.defined_type().enum_type(names.iter().map(|name| name.as_str()));
            index
        }
        ComponentDefinedType::Option { ty, .. } => {
            let ty = value(space, source, *ty)?;
            let (index, encoder) = space.define();
            encoder.defined_type().option(ty);
            index
        }
        ComponentDefinedType::Result { ok, err, .. } => {
            let (ok, err) = (optional(space, source, *ok)?, optional(space, source, *err)?);
            let (index, encoder) = space.define();
            encoder.defined_type().result(ok, err);
            index
        }
        ComponentDefinedType::Own(resource) => {
            let resource = handled(space, source, ComponentAnyTypeId::Resource(*resource))?;
            let (index, encoder) = space.define();
            encoder.defined_type().own(resource);
            index
        }
        ComponentDefinedType::Borrow(resource) => {
            let resource = handled(space, source, ComponentAnyTypeId::Resource(*resource))?;
            let (index, encoder) = space.define();
            encoder.defined_type().borrow(resource);
            index
        }
        ComponentDefinedType::Future { ty, .. } => {
            let ty = optional(space, source, *ty)?;
            let (index, encoder) = space.define();
            encoder.defined_type().future(ty);
            index
        }
        ComponentDefinedType::Stream { ty, .. } => {
            let ty = optional(space, source, *ty)?;
            let (index, encoder) = space.define();
            encoder.defined_type().stream(ty);
            index
        }
    };
    space.keep(source, ComponentAnyTypeId::Defined(id), index);
    Ok(index)
}

fn handled(space: &mut impl Space, source: Source<'_>, id: ComponentAnyTypeId) -> Result<u32, Unsupported> {
    space.find(source, id).ok_or_else(|| Unsupported("a handle is of a resource without a name".to_owned()))
}
