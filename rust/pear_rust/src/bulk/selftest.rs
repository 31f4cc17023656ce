//! Random bulk instructions in a module as it is and rewritten, side by side.

use super::{Error, Limits, rewrite_module};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, Elements, ExportKind,
    ExportSection, Function, FunctionSection, HeapType, InstructionSink, MemorySection, MemoryType,
    Module, RefType, TableSection, TableType, TypeSection, ValType,
};
use wasmtime::{Config, Engine, Instance, Store, Val};

/// So small that a range of the test is many pieces, and none is a multiple of the other.
const LIMITS: Limits = Limits { bytes: 1000, elements: 70 };
const DATA: u32 = 200_000;
const ELEMENTS: u32 = 2_000;
const MEMORIES: [u64; 2] = [4 << 16, 3 << 16];
const TABLES: [u64; 2] = [3_000, 2_500];

/// What is called: the operands, and the instruction. Places and lengths in the first memory and table
/// are of 32 bits, in the second of 64.
type Body = fn(&mut InstructionSink<'_>);

const OPERATIONS: [(&str, Body); 16] = [
    ("fill0", |code| _ = narrow(code, [true; 3]).memory_fill(0)),
    ("fill1", |code| _ = narrow(code, [false, true, false]).memory_fill(1)),
    ("copy00", |code| _ = narrow(code, [true; 3]).memory_copy(0, 0)),
    ("copy11", |code| _ = narrow(code, [false; 3]).memory_copy(1, 1)),
    ("copy01", |code| _ = narrow(code, [true, false, true]).memory_copy(0, 1)),
    ("copy10", |code| _ = narrow(code, [false, true, true]).memory_copy(1, 0)),
    ("init0", |code| _ = narrow(code, [true; 3]).memory_init(0, 0)),
    ("init1", |code| _ = narrow(code, [false, true, true]).memory_init(1, 0)),
    ("drop", |code| _ = code.data_drop(0)),
    ("table_copy00", |code| _ = narrow(code, [true; 3]).table_copy(0, 0)),
    ("table_copy11", |code| _ = narrow(code, [false; 3]).table_copy(1, 1)),
    ("table_copy01", |code| _ = narrow(code, [true, false, true]).table_copy(0, 1)),
    ("table_init0", |code| _ = narrow(code, [true; 3]).table_init(0, 0)),
    ("table_init1", |code| _ = narrow(code, [false, true, true]).table_init(1, 0)),
    ("table_fill0", |code| _ = filled(code, true).table_fill(0)),
    ("table_fill1", |code| _ = filled(code, false).table_fill(1)),
];

/// The three operands, of which some are of 32 bits.
fn narrow<'a, 'b>(
    code: &'a mut InstructionSink<'b>,
    narrow: [bool; 3],
) -> &'a mut InstructionSink<'b> {
    for (operand, narrow) in narrow.into_iter().enumerate() {
        code.local_get(operand as u32);
        if narrow {
            code.i32_wrap_i64();
        }
    }
    code
}

/// Place, null or a function, length.
fn filled<'a, 'b>(code: &'a mut InstructionSink<'b>, narrow: bool) -> &'a mut InstructionSink<'b> {
    code.local_get(0);
    if narrow {
        code.i32_wrap_i64();
    }
    code.ref_null(HeapType::FUNC).ref_func(1).local_get(1).i64_const(1).i64_and().i32_wrap_i64();
    code.typed_select(ValType::Ref(RefType::FUNCREF)).local_get(2);
    if narrow {
        code.i32_wrap_i64();
    }
    code
}

/// The module: two memories, two tables, segments, a function for each operation, and one that says
/// which function is at a place of a table.
fn module() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I64; 3], []);
    types.ty().function([], [ValType::I32]);
    types.ty().function([ValType::I64], [ValType::I32]);
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    let mut exports = ExportSection::new();
    for id in 0..3 {
        functions.function(1);
        let mut body = Function::new([]);
        body.instructions().i32_const(id).end();
        code.function(&body);
    }
    for (index, (name, operation)) in (3..).zip(OPERATIONS) {
        functions.function(0);
        let mut body = Function::new([]);
        operation(&mut body.instructions());
        body.instructions().end();
        code.function(&body);
        exports.export(name, ExportKind::Func, index);
    }
    for (index, table) in (3 + OPERATIONS.len() as u32..).zip(0..2) {
        functions.function(2);
        let mut body = Function::new([]);
        let mut sink = body.instructions();
        let place = |sink: &mut InstructionSink<'_>| {
            sink.local_get(0);
            if table == 0 {
                sink.i32_wrap_i64();
            }
        };
        place(&mut sink);
        sink.table_get(table).ref_is_null();
        sink.if_(wasm_encoder::BlockType::Empty).i32_const(-1).return_().end();
        place(&mut sink);
        sink.call_indirect(table, 1).end();
        code.function(&body);
        exports.export(["at0", "at1"][table as usize], ExportKind::Func, index);
    }
    let (mut memories, mut tables) = (MemorySection::new(), TableSection::new());
    for index in 0..2u32 {
        let wide = index == 1;
        let pages = MEMORIES[index as usize] >> 16;
        memories.memory(MemoryType {
            minimum: pages,
            maximum: Some(pages),
            memory64: wide,
            shared: false,
            page_size_log2: None,
        });
        exports.export(["memory0", "memory1"][index as usize], ExportKind::Memory, index);
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: wide,
            minimum: TABLES[index as usize],
            maximum: None,
            shared: false,
        });
    }
    let mut elements = ElementSection::new();
    let listed: Vec<u32> = (0..ELEMENTS).map(|index| index * 7 % 3).collect();
    elements.passive(Elements::Functions(listed.into()));
    let mut data = DataSection::new();
    data.passive((0..DATA).map(|index| (index * 31 % 251) as u8));
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&tables).section(&memories);
    module.section(&exports).section(&elements).section(&DataCountSection { count: 1 });
    module.section(&code).section(&data);
    module.finish()
}

struct Side {
    store: Store<()>,
    instance: Instance,
}

impl Side {
    fn new(engine: &Engine, module: &[u8]) -> wasmtime::Result<Side> {
        let module = wasmtime::Module::new(engine, module)?;
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        Ok(Side { store, instance })
    }

    /// The trap's text, where it trapped.
    fn call(&mut self, name: &str, operands: [u64; 3]) -> Option<String> {
        let function = self.instance.get_func(&mut self.store, name)?;
        let operands = operands.map(|operand| Val::I64(operand as i64));
        let called = function.call(&mut self.store, &operands, &mut []);
        called.err().map(|error| error.root_cause().to_string())
    }

    /// All memories and tables.
    fn contents(&mut self) -> wasmtime::Result<Vec<u8>> {
        let mut contents = Vec::new();
        for name in ["memory0", "memory1"] {
            let memory = self.instance.get_memory(&mut self.store, name);
            contents
                .extend(memory.map(|memory| memory.data(&self.store).to_vec()).unwrap_or_default());
        }
        for (name, size) in ["at0", "at1"].into_iter().zip(TABLES) {
            let at = self.instance.get_typed_func::<i64, i32>(&mut self.store, name)?;
            for place in 0..size {
                contents.push(at.call(&mut self.store, place as i64)? as u8);
            }
        }
        Ok(contents)
    }
}

/// xorshift64: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Mostly inside, often at an edge, now and then far outside.
    fn operand(&mut self, size: u64) -> u64 {
        match self.next() % 16 {
            0 => size,
            1 => size - self.next() % 3,
            2 => size + 1,
            3 if self.next() % 4 == 0 => u64::from(u32::MAX) - self.next() % 5,
            4 if self.next() % 4 == 0 => u64::MAX - self.next() % 5,
            5 => 0,
            6 => u64::from(LIMITS.bytes) * (self.next() % 4),
            _ => self.next() % size,
        }
    }
}

/// Runs `rounds` operations on both. An empty text when they never differed.
pub fn selftest(seed: u64, rounds: u32) -> String {
    match differ(seed, rounds) {
        Ok(difference) => difference.unwrap_or_default(),
        Err(error) => format!("the test itself failed: {error:#}"),
    }
}

fn differ(seed: u64, rounds: u32) -> wasmtime::Result<Option<String>> {
    let mut config = Config::new();
    config.wasm_gc(false);
    let engine = Engine::new(&config)?;
    let module = module();
    let rewritten = rewrite_module(&module, LIMITS)
        .map_err(|error: Error| wasmtime::Error::msg(format!("it cannot be rewritten: {error}")))?;
    if rewritten == module {
        return Ok(Some("nothing was rewritten".into()));
    }
    let mut sides = [Side::new(&engine, &module)?, Side::new(&engine, &rewritten)?];
    let mut random = Random(seed | 1);
    for round in 0..rounds {
        let (name, _) = OPERATIONS[(random.next() % OPERATIONS.len() as u64) as usize];
        // Segments are dropped late: from then on there is nothing in them.
        if name == "drop" && round < rounds / 2 {
            continue;
        }
        let size = if name.starts_with("table") { TABLES[1] } else { MEMORIES[1] };
        let mut operands = [random.operand(size), random.operand(size), random.operand(size)];
        if random.next() % 4 != 0 {
            // Most ranges fit.
            let place = operands[0].max(if name.contains("fill") { 0 } else { operands[1] });
            operands[2] = operands[2].min(size.saturating_sub(place));
        }
        let told = sides.each_mut().map(|side| side.call(name, operands));
        if told[0] != told[1] {
            return Ok(Some(format!("{name}{operands:?}: {told:?} in round {round}")));
        }
        // After a trap the more so: nothing may be half written.
        if round % 16 == 0 || told[0].is_some() || round + 1 == rounds {
            let [first, second] = &mut sides;
            let (first, second) = (first.contents()?, second.contents()?);
            if let Some(place) = first.iter().zip(&second).position(|(one, other)| one != other) {
                return Ok(Some(format!("{name}{operands:?}: byte {place} in round {round}")));
            }
        }
    }
    Ok(None)
}
