//! Accesses of a memory that are held to its size, where the engine knows only its room ([`super::dense`]).
//!
//! Before each access its address is looked at: one that reaches beyond the size is made one that reaches beyond every
//! room, so that the access itself traps, as it would have. The engine's own check stays, and turns that one away.

use wasm_encoder::{Function, Instruction, ValType};
use wasmparser::{MemArg, Operator};

/// What an instruction does with memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Bytes from an address on; above the address there may be a value on the stack.
    At { offset: u64, width: u64, value: Option<ValType> },
    /// `memory.fill` and `memory.init`: as many as are said, at the first of three numbers.
    Into,
    /// `memory.copy`: the same, at the first and at the second.
    Between,
}

/// The size of a memory, as its module's code knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Bytes that it begins with.
    pub initial: u64,
    /// The global that counts its bytes; `None` where it never grows.
    pub counted: Option<u32>,
}

/// Locals of a function that hold what is on the stack above an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spare {
    /// The first of them.
    first: u32,
}

impl Spare {
    /// Those behind a function's `own` locals, to be declared in this order.
    pub fn behind(own: u32) -> (Spare, [(u32, ValType); 5]) {
        let types = [(3, ValType::I32), (1, ValType::I64), (1, ValType::F32), (1, ValType::F64), (1, ValType::V128)];
        (Spare { first: own }, types)
    }

    /// One of the three for numbers.
    fn number(self, which: u32) -> u32 {
        self.first + which
    }

    fn of(self, ty: ValType) -> u32 {
        match ty {
            ValType::I64 => self.first + 3,
            ValType::F32 => self.first + 4,
            ValType::F64 => self.first + 5,
            ValType::V128 => self.first + 6,
            _ => self.number(1),
        }
    }
}

/// Whether an instruction touches memory in a way that is not known here.
pub(super) fn is_unknown(operator: &Operator<'_>) -> bool {
    macro_rules! has_address {
        ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
            match operator {
                $( Operator::$op $({ $($arg: _),* })? => {
                    let arguments: &[&str] = &[$($(stringify!($arg)),*)?];
                    arguments.contains(&"memarg")
                } )*
                _ => false,
            }
        };
    }
    let bulk = matches!(operator, Operator::MemoryDiscard { .. });
    (bulk || wasmparser::for_each_operator!(has_address)) && access(operator).is_none()
}

fn access(operator: &Operator<'_>) -> Option<Access> {
    use Operator as O;
    let load = |memarg: &MemArg, width| Some(Access::At { offset: memarg.offset, width, value: None });
    let store = |memarg: &MemArg, width, value| Some(Access::At { offset: memarg.offset, width, value: Some(value) });
    match operator {
        O::I32Load8S { memarg } | O::I32Load8U { memarg } | O::I64Load8S { memarg } | O::I64Load8U { memarg } => {
            load(memarg, 1)
        }
        O::I32Load16S { memarg } | O::I32Load16U { memarg } | O::I64Load16S { memarg } | O::I64Load16U { memarg } => {
            load(memarg, 2)
        }
        O::I32Load { memarg } | O::F32Load { memarg } | O::I64Load32S { memarg } | O::I64Load32U { memarg } => {
            load(memarg, 4)
        }
        O::I64Load { memarg } | O::F64Load { memarg } => load(memarg, 8),
        O::V128Load { memarg } => load(memarg, 16),
        O::V128Load8Splat { memarg } => load(memarg, 1),
        O::V128Load16Splat { memarg } => load(memarg, 2),
        O::V128Load32Splat { memarg } | O::V128Load32Zero { memarg } => load(memarg, 4),
        O::V128Load64Splat { memarg }
        | O::V128Load64Zero { memarg }
        | O::V128Load8x8S { memarg }
        | O::V128Load8x8U { memarg }
        | O::V128Load16x4S { memarg }
        | O::V128Load16x4U { memarg }
        | O::V128Load32x2S { memarg }
        | O::V128Load32x2U { memarg } => load(memarg, 8),
        O::I32Store8 { memarg } => store(memarg, 1, ValType::I32),
        O::I32Store16 { memarg } => store(memarg, 2, ValType::I32),
        O::I32Store { memarg } => store(memarg, 4, ValType::I32),
        O::I64Store8 { memarg } => store(memarg, 1, ValType::I64),
        O::I64Store16 { memarg } => store(memarg, 2, ValType::I64),
        O::I64Store32 { memarg } => store(memarg, 4, ValType::I64),
        O::I64Store { memarg } => store(memarg, 8, ValType::I64),
        O::F32Store { memarg } => store(memarg, 4, ValType::F32),
        O::F64Store { memarg } => store(memarg, 8, ValType::F64),
        O::V128Store { memarg } => store(memarg, 16, ValType::V128),
        // Of these, what is loaded goes into the value.
        O::V128Load8Lane { memarg, .. } | O::V128Store8Lane { memarg, .. } => store(memarg, 1, ValType::V128),
        O::V128Load16Lane { memarg, .. } | O::V128Store16Lane { memarg, .. } => store(memarg, 2, ValType::V128),
        O::V128Load32Lane { memarg, .. } | O::V128Store32Lane { memarg, .. } => store(memarg, 4, ValType::V128),
        O::V128Load64Lane { memarg, .. } | O::V128Store64Lane { memarg, .. } => store(memarg, 8, ValType::V128),
        O::MemoryFill { .. } | O::MemoryInit { .. } => Some(Access::Into),
        O::MemoryCopy { .. } => Some(Access::Between),
        _ => None,
    }
}

impl Size {
    /// Writes what must be done before an instruction; the stack is as it was, but for an address that reaches too far.
    pub fn guard(self, operator: &Operator<'_>, spare: Spare, function: &mut Function) {
        match access(operator) {
            None => {}
            Some(Access::At { offset, width, value }) => {
                let address = spare.number(0);
                if let Some(value) = value {
                    function.instruction(&Instruction::LocalSet(spare.of(value)));
                }
                function.instruction(&Instruction::LocalSet(address));
                self.held(function, address, |size, function| size.is_beyond(function, address, offset + width));
                if let Some(value) = value {
                    function.instruction(&Instruction::LocalGet(spare.of(value)));
                }
            }
            Some(access) => {
                let [into, from, count] = [0, 1, 2].map(|which| spare.number(which));
                for local in [count, from, into] {
                    function.instruction(&Instruction::LocalSet(local));
                }
                self.held(function, into, |size, function| size.are_beyond(function, into, count));
                if access == Access::Between {
                    self.held(function, from, |size, function| size.are_beyond(function, from, count));
                } else {
                    function.instruction(&Instruction::LocalGet(from));
                }
                function.instruction(&Instruction::LocalGet(count));
            }
        }
    }

    /// An address, or where `is_beyond` says so, one that is beyond every room.
    fn held(self, function: &mut Function, address: u32, is_beyond: impl FnOnce(Size, &mut Function)) {
        function.instructions().i32_const(-1).local_get(address);
        is_beyond(self, function);
        function.instructions().select();
    }

    /// Whether so many bytes reach beyond the size.
    fn is_beyond(self, function: &mut Function, address: u32, reach: u64) {
        if reach > self.initial {
            function.instructions().local_get(address).i64_extend_i32_u().i64_const(reach.cast_signed()).i64_add();
            self.bytes(function);
            function.instructions().i64_extend_i32_u().i64_gt_u();
            return;
        }
        // A memory never shrinks: there is nothing to go below.
        let reach = i32::try_from(reach).unwrap_or(i32::MAX);
        function.instructions().local_get(address);
        self.bytes(function);
        function.instructions().i32_const(reach).i32_sub().i32_gt_u();
    }

    /// The same, where the number of bytes is in a local.
    fn are_beyond(self, function: &mut Function, address: u32, count: u32) {
        function.instructions().local_get(address).i64_extend_i32_u().local_get(count).i64_extend_i32_u().i64_add();
        self.bytes(function);
        function.instructions().i64_extend_i32_u().i64_gt_u();
    }

    /// The size.
    fn bytes(self, function: &mut Function) {
        let initial = i32::try_from(self.initial).unwrap_or(i32::MAX);
        match self.counted {
            Some(global) => function.instructions().global_get(global),
            None => function.instructions().i32_const(initial),
        };
    }
}
