//! The functions that do bulk instructions in pieces.

use super::Error;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};
use wasmparser::{MemoryType, Operator, TableType};

/// What is done at once.
#[derive(Clone, Copy)]
pub struct Limits {
    pub bytes: u32,
    pub elements: u32,
}

/// An instruction, with the memories, tables and segments that it names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    MemoryFill { memory: u32 },
    MemoryCopy { to: u32, from: u32 },
    MemoryInit { memory: u32, data: u32 },
    TableFill { table: u32 },
    TableCopy { to: u32, from: u32 },
    TableInit { table: u32, elements: u32 },
}

impl Kind {
    pub fn of(operator: &Operator<'_>) -> Option<Kind> {
        Some(match *operator {
            Operator::MemoryFill { mem } => Kind::MemoryFill { memory: mem },
            Operator::MemoryCopy { dst_mem, src_mem } => {
                Kind::MemoryCopy { to: dst_mem, from: src_mem }
            }
            Operator::MemoryInit { data_index, mem } => {
                Kind::MemoryInit { memory: mem, data: data_index }
            }
            Operator::TableFill { table } => Kind::TableFill { table },
            Operator::TableCopy { dst_table, src_table } => {
                Kind::TableCopy { to: dst_table, from: src_table }
            }
            Operator::TableInit { elem_index, table } => {
                Kind::TableInit { table, elements: elem_index }
            }
            _ => return None,
        })
    }

    pub fn piece(self, limits: Limits) -> u64 {
        u64::from(match self {
            Kind::MemoryFill { .. } | Kind::MemoryCopy { .. } | Kind::MemoryInit { .. } => {
                limits.bytes
            }
            _ => limits.elements,
        })
    }

    /// Whether both ranges may lie in the same place.
    fn overlaps(self) -> bool {
        match self {
            Kind::MemoryCopy { to, from } | Kind::TableCopy { to, from } => to == from,
            _ => false,
        }
    }
}

/// The type of a place or of a length.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    W32,
    W64,
}

impl Width {
    fn of(is_64: bool) -> Width {
        if is_64 { Width::W64 } else { Width::W32 }
    }

    fn ty(self) -> ValType {
        if self == Width::W64 { ValType::I64 } else { ValType::I32 }
    }
}

/// What the second operand is: a value to fill with, or a place to copy from.
enum Second {
    Byte,
    Element(wasmparser::RefType),
    Place(Width),
}

/// A function of (to, value or from, length), as the operands of the instruction.
pub struct Piecewise {
    pub kind: Kind,
    to: Width,
    second: Second,
    length: Width,
}

// The function's parameters.
const TO: u32 = 0;
const SECOND: u32 = 1;
const LENGTH: u32 = 2;

impl Piecewise {
    /// None where the module does not have what the instruction names.
    pub fn new(kind: Kind, memories: &[MemoryType], tables: &[TableType]) -> Option<Piecewise> {
        let memory = |index: u32| Some(Width::of(memories.get(index as usize)?.memory64));
        let table = |index: u32| Some(Width::of(tables.get(index as usize)?.table64));
        let both = |to: Width, from: Width| {
            // The length is of the smaller type.
            let length = if from == Width::W32 { from } else { to };
            (to, Second::Place(from), length)
        };
        let (to, second, length) = match kind {
            Kind::MemoryFill { memory: index } => {
                let width = memory(index)?;
                (width, Second::Byte, width)
            }
            Kind::TableFill { table: index } => {
                let element = tables.get(index as usize)?.element_type;
                let width = table(index)?;
                (width, Second::Element(element), width)
            }
            Kind::MemoryCopy { to, from } => both(memory(to)?, memory(from)?),
            Kind::TableCopy { to, from } => both(table(to)?, table(from)?),
            Kind::MemoryInit { memory: index, .. } => {
                (memory(index)?, Second::Place(Width::W32), Width::W32)
            }
            Kind::TableInit { table: index, .. } => {
                (table(index)?, Second::Place(Width::W32), Width::W32)
            }
        };
        Some(Piecewise { kind, to, second, length })
    }

    pub fn params(&self) -> Result<[ValType; 3], Error> {
        let second = match self.second {
            Second::Byte => ValType::I32,
            Second::Element(element) => ValType::Ref(RoundtripReencoder.ref_type(element)?),
            Second::Place(width) => width.ty(),
        };
        Ok([self.to.ty(), second, self.length.ty()])
    }

    pub fn body(&self, limits: Limits) -> Function {
        let mut function = Function::new([]);
        let mut code =
            Code { of: self, piece: self.kind.piece(limits), sink: function.instructions() };
        code.whole();
        function
    }
}

/// The code of one function.
struct Code<'a> {
    of: &'a Piecewise,
    piece: u64,
    sink: InstructionSink<'a>,
}

impl Code<'_> {
    fn whole(&mut self) {
        let (to, length, piece) = (self.of.to, self.of.length, self.piece);
        // At most one piece, or out of bounds: the instruction itself.
        self.get(LENGTH).constant(length, piece).less_or_equal(length).all_if();
        self.overflows(TO, to).all_if();
        if let Second::Place(from) = self.of.second {
            self.overflows(SECOND, from).all_if();
        }
        // Traps where the whole would.
        self.at_end(TO, to);
        match self.of.second {
            Second::Place(from) => self.at_end(SECOND, from),
            _ => self.get(SECOND),
        };
        self.constant(length, 0).instruction();
        if self.of.kind.overlaps() {
            self.get(TO).get(SECOND).greater(to);
            self.sink.if_(BlockType::Empty);
            self.backward();
            self.sink.return_().end();
        }
        self.forward();
        self.sink.end();
    }

    fn forward(&mut self) {
        let (to, length, piece) = (self.of.to, self.of.length, self.piece);
        self.sink.loop_(BlockType::Empty);
        self.get(TO).get(SECOND).constant(length, piece).instruction();
        self.advance(TO, to);
        if let Second::Place(from) = self.of.second {
            self.advance(SECOND, from);
        }
        self.shorten();
        self.again_while_long();
        self.get(TO).get(SECOND).get(LENGTH).instruction();
    }

    fn backward(&mut self) {
        let Second::Place(from) = self.of.second else { return };
        let (to, length, piece) = (self.of.to, self.of.length, self.piece);
        self.sink.loop_(BlockType::Empty);
        self.shorten();
        self.at_end(TO, to).at_end(SECOND, from).constant(length, piece).instruction();
        self.again_while_long();
        self.get(TO).get(SECOND).get(LENGTH).instruction();
    }

    fn again_while_long(&mut self) {
        let (length, piece) = (self.of.length, self.piece);
        self.get(LENGTH).constant(length, piece).greater(length);
        self.sink.br_if(0).end();
    }

    fn shorten(&mut self) {
        let (length, piece) = (self.of.length, self.piece);
        self.get(LENGTH).constant(length, piece);
        match length {
            Width::W32 => self.sink.i32_sub(),
            Width::W64 => self.sink.i64_sub(),
        }
        .local_set(LENGTH);
    }

    fn advance(&mut self, place: u32, width: Width) {
        let piece = self.piece;
        self.get(place).constant(width, piece).add(width);
        self.sink.local_set(place);
    }

    /// Whether the end of a range is beyond what its type holds.
    fn overflows(&mut self, place: u32, width: Width) -> &mut Self {
        self.at_end(place, width).get(place);
        match width {
            Width::W32 => self.sink.i32_lt_u(),
            Width::W64 => self.sink.i64_lt_u(),
        };
        self
    }

    /// Place and length together.
    fn at_end(&mut self, place: u32, width: Width) -> &mut Self {
        self.get(place).get(LENGTH);
        if width != self.of.length {
            // The length is of the smaller type.
            self.sink.i64_extend_i32_u();
        }
        self.add(width)
    }

    fn all_if(&mut self) {
        self.sink.if_(BlockType::Empty);
        self.get(TO).get(SECOND).get(LENGTH).instruction();
        self.sink.return_().end();
    }

    fn instruction(&mut self) -> &mut Self {
        match self.of.kind {
            Kind::MemoryFill { memory } => self.sink.memory_fill(memory),
            Kind::MemoryCopy { to, from } => self.sink.memory_copy(to, from),
            Kind::MemoryInit { memory, data } => self.sink.memory_init(memory, data),
            Kind::TableFill { table } => self.sink.table_fill(table),
            Kind::TableCopy { to, from } => self.sink.table_copy(to, from),
            Kind::TableInit { table, elements } => self.sink.table_init(table, elements),
        };
        self
    }

    fn get(&mut self, local: u32) -> &mut Self {
        self.sink.local_get(local);
        self
    }

    fn constant(&mut self, width: Width, value: u64) -> &mut Self {
        match width {
            Width::W32 => self.sink.i32_const(value as u32 as i32),
            Width::W64 => self.sink.i64_const(value as i64),
        };
        self
    }

    fn add(&mut self, width: Width) -> &mut Self {
        match width {
            Width::W32 => self.sink.i32_add(),
            Width::W64 => self.sink.i64_add(),
        };
        self
    }

    fn less_or_equal(&mut self, width: Width) -> &mut Self {
        match width {
            Width::W32 => self.sink.i32_le_u(),
            Width::W64 => self.sink.i64_le_u(),
        };
        self
    }

    fn greater(&mut self, width: Width) -> &mut Self {
        match width {
            Width::W32 => self.sink.i32_gt_u(),
            Width::W64 => self.sink.i64_gt_u(),
        };
        self
    }
}
