//! What a module exports and what its exports are made of, read from its syntax: nothing is run.
//!
//! What cannot be seen (results of calls, spreads, base classes) is marked as unknown, and the check is then silent.

use std::{collections::BTreeMap, ops::Range};

use oxc_ast::ast::{
    BindingPattern, Class, ClassElement, Declaration, ExportDefaultDeclarationKind, Expression, Function,
    ImportDeclarationSpecifier, MethodDefinitionKind, ObjectPropertyKind, Program, Statement,
};
use oxc_span::{GetSpan, Span};

/// The outside of a module.
#[derive(Debug, Default)]
pub struct Outline {
    /// By exported name.
    pub exports: BTreeMap<String, Value>,
    /// Specifiers of `export * from`.
    pub stars: Vec<String>,
    /// By the name they have inside the module.
    locals: BTreeMap<String, Value>,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub enum Value {
    Function {
        span: Range<usize>,
        is_async: bool,
    },
    Class(ClassOutline),
    Object(ObjectOutline),
    /// The name of another value of the same module.
    Local(String),
    /// A name of another module, by its specifier.
    Imported {
        specifier: String,
        name: String,
    },
    /// All of another module, by its specifier.
    Namespace {
        specifier: String,
    },
    /// A literal: certainly neither function, class nor object.
    Plain {
        span: Range<usize>,
    },
    Unknown,
}

#[derive(Debug, Clone)]
pub struct ClassOutline {
    pub span: Range<usize>,
    pub methods: BTreeMap<String, Value>,
    pub statics: BTreeMap<String, Value>,
    /// It may have members that do not show: a base class, decorators, computed names.
    pub is_open: bool,
}

#[derive(Debug, Clone)]
pub struct ObjectOutline {
    pub span: Range<usize>,
    pub members: BTreeMap<String, Value>,
    /// It may have members that do not show: spreads, computed names.
    pub is_open: bool,
}

impl Outline {
    /// Reads a module.
    pub fn of(program: &Program<'_>) -> Outline {
        let mut outline = Outline::default();
        for statement in &program.body {
            outline.statement(statement);
        }
        outline
    }

    /// What an exported name is, through names within this module.
    pub fn export(&self, name: &str) -> Option<&Value> {
        self.exports.get(name).map(|value| self.local(value))
    }

    /// Through names within this module.
    pub fn local<'a>(&'a self, mut value: &'a Value) -> &'a Value {
        for _ in 0..16 {
            match value {
                Value::Local(name) => match self.locals.get(name) {
                    Some(next) => value = next,
                    None => return &Value::Unknown,
                },
                found => return found,
            }
        }
        &Value::Unknown
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        match statement {
            Statement::ImportDeclaration(import) => {
                let specifier = import.source.value.to_string();
                for item in import.specifiers.iter().flatten() {
                    let (local, value) = match item {
                        ImportDeclarationSpecifier::ImportSpecifier(item) => (
                            &item.local,
                            Value::Imported { specifier: specifier.clone(), name: item.imported.name().to_string() },
                        ),
                        ImportDeclarationSpecifier::ImportDefaultSpecifier(item) => {
                            (&item.local, Value::Imported { specifier: specifier.clone(), name: "default".into() })
                        }
                        ImportDeclarationSpecifier::ImportNamespaceSpecifier(item) => {
                            (&item.local, Value::Namespace { specifier: specifier.clone() })
                        }
                    };
                    self.locals.insert(local.name.to_string(), value);
                }
            }
            Statement::ExportAllDeclaration(all) => {
                let specifier = all.source.value.to_string();
                match &all.exported {
                    Some(name) => {
                        self.exports.insert(name.name().to_string(), Value::Namespace { specifier });
                    }
                    None => self.stars.push(specifier),
                }
            }
            Statement::ExportFromDeclaration(from) => {
                for item in &from.specifiers {
                    let value = Value::Imported {
                        specifier: from.source.value.to_string(),
                        name: item.local.name().to_string(),
                    };
                    self.exports.insert(item.exported.name().to_string(), value);
                }
            }
            Statement::ExportNamedDeclaration(named) => {
                for item in &named.specifiers {
                    let value = Value::Local(item.local.name().to_string());
                    self.exports.insert(item.exported.name().to_string(), value);
                }
            }
            Statement::ExportDeclaration(export) => {
                for (name, value) in declared(&export.declaration) {
                    self.exports.insert(name.clone(), Value::Local(name.clone()));
                    self.locals.insert(name, value);
                }
            }
            Statement::ExportDefaultDeclaration(default) => {
                let value = match &default.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(f) => function(f),
                    ExportDefaultDeclarationKind::ClassDeclaration(c) => Value::Class(class(c)),
                    other => other.as_expression().map_or(Value::Unknown, expression),
                };
                self.exports.insert("default".into(), value);
            }
            other => {
                if let Some(declaration) = other.as_declaration() {
                    self.locals.extend(declared(declaration));
                }
            }
        }
    }
}

fn declared(declaration: &Declaration<'_>) -> Vec<(String, Value)> {
    match declaration {
        Declaration::VariableDeclaration(variables) => {
            let mut found = Vec::new();
            for variable in &variables.declarations {
                match (&variable.id, &variable.init) {
                    (BindingPattern::BindingIdentifier(id), Some(value)) => {
                        // A `let` may be given another value later.
                        let value = if variables.kind.is_const() { expression(value) } else { Value::Unknown };
                        found.push((id.name.to_string(), value));
                    }
                    (pattern, _) => found.extend(
                        pattern.get_binding_identifiers().iter().map(|id| (id.name.to_string(), Value::Unknown)),
                    ),
                }
            }
            found
        }
        Declaration::FunctionDeclaration(f) => f.id.iter().map(|id| (id.name.to_string(), function(f))).collect(),
        Declaration::ClassDeclaration(c) => {
            c.id.iter().map(|id| (id.name.to_string(), Value::Class(class(c)))).collect()
        }
        _ => Vec::new(),
    }
}

fn expression(value: &Expression<'_>) -> Value {
    let span = || range(value.span());
    match value {
        Expression::FunctionExpression(f) => function(f),
        Expression::ArrowFunctionExpression(f) => Value::Function { span: span(), is_async: f.r#async },
        Expression::ClassExpression(c) => Value::Class(class(c)),
        Expression::Identifier(name) => Value::Local(name.name.to_string()),
        Expression::ParenthesizedExpression(inner) => expression(&inner.expression),
        Expression::ObjectExpression(object) => {
            let mut members = BTreeMap::new();
            let mut is_open = false;
            for property in &object.properties {
                match property {
                    ObjectPropertyKind::ObjectProperty(property) => match property.key.static_name() {
                        Some(name) => {
                            members.insert(name.into_owned(), expression(&property.value));
                        }
                        None => is_open = true,
                    },
                    ObjectPropertyKind::SpreadProperty(_) => is_open = true,
                }
            }
            Value::Object(ObjectOutline { span: span(), members, is_open })
        }
        Expression::StringLiteral(_)
        | Expression::NumericLiteral(_)
        | Expression::BooleanLiteral(_)
        | Expression::NullLiteral(_)
        | Expression::BigIntLiteral(_)
        | Expression::TemplateLiteral(_) => Value::Plain { span: span() },
        _ => Value::Unknown,
    }
}

fn function(function: &Function<'_>) -> Value {
    let span = function.id.as_ref().map_or(function.span, |id| id.span);
    Value::Function { span: range(span), is_async: function.r#async }
}

fn class(class: &Class<'_>) -> ClassOutline {
    let mut outline = ClassOutline {
        span: range(class.id.as_ref().map_or(class.span, |id| id.span)),
        methods: BTreeMap::new(),
        statics: BTreeMap::new(),
        is_open: class.heritage.is_some() || !class.decorators.is_empty(),
    };
    for element in &class.body.body {
        let (name, is_static, value) = match element {
            ClassElement::MethodDefinition(method) => {
                let value = match method.kind {
                    MethodDefinitionKind::Constructor => continue,
                    MethodDefinitionKind::Method => function(&method.value),
                    _ => Value::Unknown,
                };
                (method.key.static_name(), method.r#static, value)
            }
            ClassElement::PropertyDefinition(property) => {
                let value = property.value.as_ref().map_or(Value::Unknown, expression);
                (property.key.static_name(), property.r#static, value)
            }
            ClassElement::AccessorProperty(property) => (property.key.static_name(), property.r#static, Value::Unknown),
            ClassElement::StaticBlock(_) | ClassElement::TSIndexSignature(_) => continue,
        };
        let Some(name) = name else {
            outline.is_open = true;
            continue;
        };
        let members = if is_static { &mut outline.statics } else { &mut outline.methods };
        members.insert(name.into_owned(), value);
    }
    outline
}

fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}
