//! The core module behind a denial.
//!
//! Memory, where any function needs one, holds the values that are returned by a pointer, then a page or more for what
//! callers pass. Nothing ever reads that, so all of it may lie in the same place: `cabi_realloc` gives one address to
//! all, and lets memory grow to the largest.
//!
//! Invariants: no state is kept from one call to the next; functions that trap are named
//! `interface#function (not granted)`, which is what a backtrace of any engine shows.

use indexmap::IndexMap;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, InstructionSink, MemorySection, MemoryType, Module, NameMap, NameSection, TypeSection, ValType,
};
use wit_parser::{
    LiftLowerAbi, ManglingAndAbi, Resolve, ResourceIntrinsic, SizeAlign, TypeId, TypeOwner, WasmExport, WasmExportKind,
    WasmImport, WorldId, WorldItem, WorldKey, abi::WasmType,
};

use super::{
    answers::{Answer, Answers, Place, WORDS},
    release::{Release, releases},
};

const ABI: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// Where data begins; also the alignment of all values, which is that of the largest.
const BASE: u32 = 16;
const ALIGN: u32 = 8;
const PAGE: u32 = 1 << 16;

/// The representation of every resource a denial makes: there is nothing behind it.
const REP: i32 = 1;

/// A closed function.
struct Closed {
    /// The core export.
    export: String,
    signature: (Vec<ValType>, Vec<ValType>),
    answer: Answer,
    releases: Vec<Release>,
    /// Told by backtraces.
    name: String,
}

/// Encodes a core module that answers for all exports of a world.
pub(super) fn encode(resolve: &Resolve, world: WorldId) -> Result<Vec<u8>, anyhow::Error> {
    let mut sizes = SizeAlign::default();
    sizes.fill(resolve)?;
    let interfaces = || {
        resolve.worlds[world].exports.iter().filter_map(|(key, item)| match item {
            WorldItem::Interface { id, .. } => Some((key, *id)),
            WorldItem::Function(_) | WorldItem::Type { .. } => None,
        })
    };
    let closed = interfaces().map(|(_, id)| id).collect();
    let answers = Answers { resolve, sizes, closed, words: BASE };
    let mut needs = Needs::default();
    let mut functions = Vec::new();
    for (key, id) in interfaces() {
        for function in resolve.interfaces[id].functions.values() {
            let signature = resolve.wasm_signature(ABI.export_variant(), function);
            let place = |indirect| if indirect { Place::Memory } else { Place::Flat };
            needs.memory |= signature.retptr;
            needs.realloc |= signature.indirect_params || signature.params.iter().any(is_pointer);
            let given = releases(&answers, function.params.iter().map(|p| &p.ty), place(signature.indirect_params));
            let (answer, releases) = match given {
                Some(releases) => (answers.answer(id, function, place(signature.retptr)), releases),
                None => (Answer::Trap, Vec::new()),
            };
            let export = WasmExport::Func { interface: Some(key), func: function, kind: WasmExportKind::Normal };
            functions.push(Closed {
                export: resolve.wasm_export_name(ABI, export),
                signature: (val_types(&signature.params), val_types(&signature.results)),
                releases: if answer == Answer::Trap { Vec::new() } else { releases },
                answer,
                name: format!("{}#{} (not granted)", resolve.name_world_key(key), function.name),
            });
        }
    }
    Ok(module(&answers, &functions, &needs))
}

/// What the canonical ABI asks of the module.
#[derive(Default)]
struct Needs {
    memory: bool,
    realloc: bool,
}

/// Pointers and lengths; the handle that a method gets as its first parameter is called a pointer as well.
fn is_pointer(ty: &WasmType) -> bool {
    matches!(ty, WasmType::Pointer | WasmType::PointerOrI64 | WasmType::Length)
}

fn val_types(types: &[WasmType]) -> Vec<ValType> {
    let val_type = |ty: &WasmType| match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    };
    types.iter().map(val_type).collect()
}

fn module(answers: &Answers<'_>, closed: &[Closed], needs: &Needs) -> Vec<u8> {
    let mut types = Types::default();
    let intrinsics = intrinsics(answers, closed);
    let mut imports = ImportSection::new();
    for ((module, name), (params, results)) in &intrinsics {
        imports.import(module, name, EntityType::Function(types.index(params, results)));
    }
    let data = Data::of(closed);
    let heap = data.end();

    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    let mut names = NameMap::new();
    let mut next = u32::try_from(intrinsics.len()).expect("fewer than the functions of all interfaces");
    for function in closed {
        functions.function(types.index(&function.signature.0, &function.signature.1));
        exports.export(&function.export, ExportKind::Func, next);
        code.function(&body(answers, function, &intrinsics, &data));
        if function.answer == Answer::Trap {
            names.append(next, &function.name);
        }
        next += 1;
    }
    let needs_memory = needs.memory || needs.realloc;
    if needs.realloc {
        functions.function(types.index(&[ValType::I32; 4], &[ValType::I32]));
        exports.export("cabi_realloc", ExportKind::Func, next);
        code.function(&realloc(heap));
        names.append(next, "cabi_realloc");
    }
    let mut memories = MemorySection::new();
    if needs_memory {
        let minimum = u64::from(heap.div_ceil(PAGE));
        memories.memory(MemoryType { minimum, maximum: None, memory64: false, shared: false, page_size_log2: None });
        exports.export("memory", ExportKind::Memory, 0);
    }

    let mut module = Module::new();
    module.section(&types.section).section(&imports).section(&functions);
    if needs_memory {
        module.section(&memories);
    }
    module.section(&exports).section(&code);
    if needs_memory {
        let offset = i32::try_from(BASE).expect("a small constant");
        let mut section = DataSection::new();
        section.active(0, &ConstExpr::i32_const(offset), data.bytes);
        module.section(&section);
    }
    let mut section = NameSection::new();
    section.functions(&names);
    module.section(&section);
    module.finish()
}

/// The intrinsics that the answers call, with their signatures, by module and name.
type Intrinsics = IndexMap<(String, String), (Vec<ValType>, Vec<ValType>)>;

fn intrinsics(answers: &Answers<'_>, closed: &[Closed]) -> Intrinsics {
    let mut intrinsics = Intrinsics::new();
    for function in closed {
        for release in &function.releases {
            intrinsics.insert(drop(answers, release.resource), (vec![ValType::I32], Vec::new()));
        }
        if let Answer::Handle(resource) = function.answer {
            intrinsics.insert(new(answers, resource), (vec![ValType::I32], vec![ValType::I32]));
        }
    }
    intrinsics
}

fn drop(answers: &Answers<'_>, resource: TypeId) -> (String, String) {
    let own = answers.is_own(resource);
    let intrinsic = if own { ResourceIntrinsic::ExportedDrop } else { ResourceIntrinsic::ImportedDrop };
    intrinsic_name(answers.resolve, resource, intrinsic)
}

fn new(answers: &Answers<'_>, resource: TypeId) -> (String, String) {
    intrinsic_name(answers.resolve, resource, ResourceIntrinsic::ExportedNew)
}

fn intrinsic_name(resolve: &Resolve, resource: TypeId, intrinsic: ResourceIntrinsic) -> (String, String) {
    let key = match resolve.types[resource].owner {
        TypeOwner::Interface(owner) => Some(WorldKey::Interface(owner)),
        TypeOwner::World(_) | TypeOwner::None => None,
    };
    let import = WasmImport::ResourceIntrinsic { interface: key.as_ref(), resource, intrinsic };
    resolve.wasm_import_name(ABI, import)
}

fn body(answers: &Answers<'_>, closed: &Closed, intrinsics: &Intrinsics, data: &Data) -> Function {
    let index = |name: (String, String)| {
        let index = intrinsics.get_index_of(&name).expect("every intrinsic was collected from the same functions");
        u32::try_from(index).expect("fewer than the functions of all interfaces")
    };
    let (params, results) = &closed.signature;
    let mut function = Function::new([]);
    let mut code = function.instructions();
    for release in &closed.releases {
        for (param, case) in &release.cases {
            small(&mut code, *param, params);
            code.i32_const(*case).i32_eq().if_(BlockType::Empty);
        }
        small(&mut code, release.param, params);
        code.call(index(drop(answers, release.resource)));
        for _ in &release.cases {
            code.end();
        }
    }
    match &closed.answer {
        Answer::Nothing => &mut code,
        Answer::Flat(value) => flat(&mut code, *value, results),
        Answer::Bytes(bytes) => code.i32_const(data.values[bytes].cast_signed()),
        Answer::Handle(resource) => code.i32_const(REP).call(index(new(answers, *resource))),
        Answer::Trap => code.unreachable(),
    }
    .end();
    function
}

/// Reads a parameter that holds a handle or a case: 32 bits, which other cases may have widened.
fn small(code: &mut InstructionSink<'_>, param: u32, params: &[ValType]) {
    code.local_get(param);
    if params[param as usize] == ValType::I64 {
        code.i32_wrap_i64();
    }
}

fn flat<'c, 's>(code: &'c mut InstructionSink<'s>, value: u32, results: &[ValType]) -> &'c mut InstructionSink<'s> {
    match results[0] {
        ValType::I64 => code.i64_const(i64::from(value)),
        ValType::F32 => code.f32_const(0.0.into()),
        ValType::F64 => code.f64_const(0.0.into()),
        _ => code.i32_const(value.cast_signed()),
    }
}

/// Gives `heap` to everybody, with as many bytes behind it as are asked for.
fn realloc(heap: u32) -> Function {
    const NEW_SIZE: u32 = 3;
    const PAGES: u32 = 4;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    // How many pages memory must have; in 64 bits, where the sum cannot overflow.
    code.local_get(NEW_SIZE).i64_extend_i32_u();
    code.i64_const(i64::from(heap) + i64::from(PAGE) - 1).i64_add();
    code.i64_const(i64::from(PAGE.trailing_zeros())).i64_shr_u().i32_wrap_i64().local_tee(PAGES);
    code.memory_size(0).i32_gt_u().if_(BlockType::Empty);
    code.local_get(PAGES).memory_size(0).i32_sub().memory_grow(0);
    code.i32_const(-1).i32_eq().if_(BlockType::Empty).unreachable().end();
    code.end();
    code.i32_const(heap.cast_signed()).end();
    function
}

/// The values that are returned by a pointer, each once, behind the words of errors.
struct Data {
    bytes: Vec<u8>,
    /// Their addresses.
    values: IndexMap<Vec<u8>, u32>,
}

impl Data {
    fn of(closed: &[Closed]) -> Data {
        let mut data = Data { bytes: WORDS.as_bytes().to_vec(), values: IndexMap::new() };
        for function in closed {
            if let Answer::Bytes(value) = &function.answer
                && !data.values.contains_key(value)
            {
                data.values.insert(value.clone(), data.end());
                data.bytes.resize((data.end() - BASE) as usize, 0);
                data.bytes.extend(value);
            }
        }
        data
    }

    /// The first aligned address behind it.
    fn end(&self) -> u32 {
        let length = u32::try_from(self.bytes.len()).expect("each value is small, and there are few");
        (BASE + length).next_multiple_of(ALIGN)
    }
}

/// Function types, each once.
#[derive(Default)]
struct Types {
    section: TypeSection,
    known: IndexMap<(Vec<ValType>, Vec<ValType>), u32>,
}

impl Types {
    fn index(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        let next = self.section.len();
        *self.known.entry((params.to_vec(), results.to_vec())).or_insert_with(|| {
            self.section.ty().function(params.iter().copied(), results.iter().copied());
            next
        })
    }
}
