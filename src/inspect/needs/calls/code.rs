//! The code of a core module: whom each function calls.

use std::{collections::HashMap, ops::Range};

use wasmparser::{
    CompositeInnerType, ElementItems, ElementKind, ExternalKind, FuncType, KnownCustom, Operator, Parser, Payload,
    TypeRef,
};

/// A module's code.
#[derive(Default)]
pub(super) struct Code<'a> {
    pub args: Vec<(&'a str, u32)>,
    pub types: Vec<Option<FuncType>>,
    pub imports: Vec<(&'a str, &'a str, u32)>,
    pub table_imports: Vec<(&'a str, &'a str)>,
    /// Of functions defined here, by type.
    pub functions: Vec<u32>,
    pub exports: HashMap<&'a str, (ExternalKind, u32)>,
    pub elements: Vec<Element>,
    pub start: Option<u32>,
    pub bodies: Vec<Body>,
    pub name_section: Option<Range<u64>>,
}

pub(super) struct Element {
    pub table: u32,
    pub slot: Option<u32>,
    pub functions: Vec<u32>,
}

#[derive(Default)]
pub(super) struct Body {
    pub calls: Vec<u32>,
    /// Table, type, and the slot where it is a constant.
    pub indirect: Vec<(u32, u32, Option<u32>)>,
    pub refers: Vec<u32>,
}

impl<'a> Code<'a> {
    /// Reads a module that starts at this place of the file; what is garbled ends it.
    pub fn read(module: &'a [u8], start: u64) -> Code<'a> {
        let mut code = Code::default();
        for payload in Parser::new(0).parse_all(module).map_while(Result::ok) {
            if code.payload(payload, start).is_none() {
                break;
            }
        }
        code
    }

    fn payload(&mut self, payload: Payload<'a>, start: u64) -> Option<()> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types {
                    self.types.extend(group.ok()?.into_types().map(|ty| match ty.composite_type.inner {
                        CompositeInnerType::Func(ty) => Some(ty),
                        _ => None,
                    }));
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.ok()?;
                    match import.ty {
                        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                            self.imports.push((import.module, import.name, ty))
                        }
                        TypeRef::Table(_) => self.table_imports.push((import.module, import.name)),
                        TypeRef::Memory(_) | TypeRef::Global(_) | TypeRef::Tag(_) => {}
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                self.functions = functions.into_iter().map_while(Result::ok).collect()
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export.ok()?;
                    self.exports.insert(export.name, (export.kind, export.index));
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(elements) => {
                for element in elements {
                    self.element(element.ok()?);
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(Body::read(&body)),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(_) = section.as_known() {
                    let from = start + section.data_offset();
                    self.name_section = Some(from..from + section.data().len() as u64);
                }
            }
            _ => {}
        }
        Some(())
    }

    fn element(&mut self, element: wasmparser::Element<'a>) {
        let functions: Vec<u32> = match element.items {
            ElementItems::Functions(functions) => functions.into_iter().map_while(Result::ok).collect(),
            ElementItems::Expressions(_, expressions) => expressions
                .into_iter()
                .map_while(Result::ok)
                .flat_map(|expression| {
                    expression.get_operators_reader().into_iter().map_while(Result::ok).find_map(|operator| {
                        match operator {
                            Operator::RefFunc { function_index } => Some(function_index),
                            _ => None,
                        }
                    })
                })
                .collect(),
        };
        let (table, slot) = match element.kind {
            ElementKind::Active { table_index, offset_expr } => {
                let slot = match offset_expr.get_operators_reader().into_iter().next() {
                    Some(Ok(Operator::I32Const { value })) => Some(value.cast_unsigned()),
                    _ => None,
                };
                (table_index.unwrap_or(0), slot)
            }
            ElementKind::Passive | ElementKind::Declared => (0, None),
        };
        self.elements.push(Element { table, slot, functions });
    }
}

impl Body {
    fn read(body: &wasmparser::FunctionBody<'_>) -> Body {
        let mut read = Body::default();
        let mut constant = None;
        let Ok(operators) = body.get_operators_reader() else { return read };
        for operator in operators.into_iter().map_while(Result::ok) {
            let mut next = None;
            match operator {
                Operator::I32Const { value } => next = Some(value.cast_unsigned()),
                Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                    read.calls.push(function_index);
                }
                Operator::CallIndirect { type_index, table_index }
                | Operator::ReturnCallIndirect { type_index, table_index } => {
                    read.indirect.push((table_index, type_index, constant));
                }
                Operator::RefFunc { function_index } => read.refers.push(function_index),
                _ => {}
            }
            constant = next;
        }
        read.calls.sort_unstable();
        read.calls.dedup();
        read
    }
}
