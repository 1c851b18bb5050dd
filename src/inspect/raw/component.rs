//! The sections of a component: its index spaces, filled in the order of the binary.

use std::collections::HashMap;

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentName,
    ComponentNameSectionReader, ComponentOuterAliasKind, ComponentTypeRef, ExternalKind, KnownCustom, NameMap, Payload,
    Result,
};

use super::{
    Component, CoreFunction, Custom, Export, Item, Lift,
    read::{cut_off, fields},
};

impl<'a> Component<'a> {
    pub(super) fn section(&mut self, payload: &Payload<'a>) -> Result<()> {
        match payload {
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    let import = import?;
                    let kind = kind_of(&import.ty);
                    let item = Item::Import(self.imports.len());
                    self.imports.push((import.name.name, kind));
                    self.implements.extend(import.name.implements.map(|interface| (import.name.name, interface)));
                    self.space(kind).push(item);
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports.clone().into_iter_with_offsets() {
                    let (offset, export) = export?;
                    self.before(export.kind, export.index, offset)?;
                    self.exports.push(Export { name: export.name.name, kind: export.kind, index: export.index });
                    self.space(export.kind).push(Item::Same(export.index));
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases.clone().into_iter_with_offsets() {
                    let (offset, alias) = alias?;
                    self.alias(&alias, offset)?;
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances.clone().into_iter_with_offsets() {
                    let (offset, instance) = instance?;
                    match &instance {
                        ComponentInstance::Instantiate { component_index, args } => {
                            self.before(ComponentExternalKind::Component, *component_index, offset)?;
                            for arg in args {
                                self.before(arg.kind, arg.index, offset)?;
                            }
                        }
                        ComponentInstance::FromExports(exports) => {
                            for export in exports {
                                self.before(export.kind, export.index, offset)?;
                            }
                        }
                    }
                    self.instances.push(Item::Here(self.made.len()));
                    self.made.push(instance);
                }
            }
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions.clone() {
                    self.canonical(&function?);
                }
            }
            Payload::ComponentTypeSection(types) => {
                for ty in types.clone() {
                    if let wasmparser::ComponentType::Resource { dtor: Some(dtor), .. } = ty? {
                        self.destructors.push(dtor);
                    }
                    self.types.push(Item::Here(0));
                }
            }
            Payload::InstanceSection(instances) => {
                for instance in instances.clone() {
                    self.core_instances.push(instance?);
                }
            }
            Payload::ComponentStartSection { start, .. } => {
                self.values.extend((0..start.results).map(|_| Item::Here(0)));
            }
            Payload::CustomSection(section) => {
                let custom = Custom { name: section.name(), data: section.data(), range: section.range() };
                self.customs.push(custom);
                match section.as_known() {
                    KnownCustom::Producers(producers) => self.producers = fields(producers),
                    KnownCustom::ComponentName(names) => self.names(names),
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias<'a>, offset: u64) -> Result<()> {
        match *alias {
            ComponentAlias::InstanceExport { kind, instance_index: instance, name } => {
                self.before(ComponentExternalKind::Instance, instance, offset)?;
                self.space(kind).push(Item::Alias { instance, name });
            }
            ComponentAlias::CoreInstanceExport { kind, instance_index: instance, name } => match kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    self.core_functions.push(CoreFunction::Export { instance, name });
                }
                ExternalKind::Table => self.core_tables.push((instance, name)),
                ExternalKind::Memory | ExternalKind::Global | ExternalKind::Tag => {}
            },
            ComponentAlias::Outer { kind, count, index } => {
                let kind = match kind {
                    ComponentOuterAliasKind::CoreModule => ComponentExternalKind::Module,
                    ComponentOuterAliasKind::Component => ComponentExternalKind::Component,
                    ComponentOuterAliasKind::Type => ComponentExternalKind::Type,
                    ComponentOuterAliasKind::CoreType => return Ok(()),
                };
                let item = match count {
                    0 => {
                        self.before(kind, index, offset)?;
                        Item::Same(index)
                    }
                    _ => Item::Outer { count, index },
                };
                self.space(kind).push(item);
            }
        }
        Ok(())
    }

    fn canonical(&mut self, function: &CanonicalFunction) {
        match function {
            CanonicalFunction::Lift { core_func_index, options, .. } => {
                let beside = options.iter().filter_map(|option| match option {
                    CanonicalOption::Realloc(index)
                    | CanonicalOption::PostReturn(index)
                    | CanonicalOption::Callback(index) => Some(*index),
                    _ => None,
                });
                self.functions.push(Item::Here(self.lifts.len()));
                self.lifts.push(Lift { core: *core_func_index, beside: beside.collect() });
            }
            CanonicalFunction::Lower { func_index, .. } => {
                self.core_functions.push(CoreFunction::Lower(*func_index));
            }
            _ => self.core_functions.push(CoreFunction::Intrinsic),
        }
    }

    /// Refuses an index that stands for nothing yet.
    fn before(&self, kind: ComponentExternalKind, index: u32, offset: u64) -> Result<()> {
        match self.items(kind).get(index as usize) {
            Some(_) => Ok(()),
            None => Err(cut_off(offset)),
        }
    }

    fn space(&mut self, kind: ComponentExternalKind) -> &mut Vec<Item<'a>> {
        match kind {
            ComponentExternalKind::Module => &mut self.modules,
            ComponentExternalKind::Func => &mut self.functions,
            ComponentExternalKind::Value => &mut self.values,
            ComponentExternalKind::Type => &mut self.types,
            ComponentExternalKind::Instance => &mut self.instances,
            ComponentExternalKind::Component => &mut self.components,
        }
    }

    fn names(&mut self, section: ComponentNameSectionReader<'a>) {
        for name in section.into_iter().map_while(std::result::Result::ok) {
            match name {
                ComponentName::Component { name, .. } => self.name = Some(name),
                ComponentName::CoreModules(map) => self.module_names = names(map),
                ComponentName::Components(map) => self.component_names = names(map),
                ComponentName::Instances(map) => self.instance_names = names(map),
                _ => {}
            }
        }
    }
}

fn kind_of(ty: &ComponentTypeRef) -> ComponentExternalKind {
    match ty {
        ComponentTypeRef::Module(_) => ComponentExternalKind::Module,
        ComponentTypeRef::Func(_) => ComponentExternalKind::Func,
        ComponentTypeRef::Value(_) => ComponentExternalKind::Value,
        ComponentTypeRef::Type(_) => ComponentExternalKind::Type,
        ComponentTypeRef::Instance(_) => ComponentExternalKind::Instance,
        ComponentTypeRef::Component(_) => ComponentExternalKind::Component,
    }
}

fn names(map: NameMap<'_>) -> HashMap<u32, &str> {
    map.into_iter().map_while(std::result::Result::ok).map(|naming| (naming.index, naming.name)).collect()
}
