//! Bulk instructions of WebAssembly in pieces.
//!
//! `memory.fill`, `memory.copy`, `memory.init` and their sisters on tables move as much as a memory holds in
//! one instruction, which nothing interrupts: the guest's core is lost to everybody else meanwhile. So
//! before a component is compiled, each is replaced by a call to a function that is added to its module.
//! That does the same in pieces, in a loop, and a loop is where the engine interrupts guests.
//!
//! The functions keep to the letter of the instructions. Nothing is written where the whole is out of
//! bounds: an instruction of length 0 at the end of the range traps exactly when the whole would. Ranges
//! that overlap are moved from that end which is not overwritten. A length that the code names and that
//! is small stays as it is.

mod pieces;
mod selftest;

pub use selftest::selftest;

use pieces::{Kind, Limits, Piecewise};
use wasm_encoder::Encode;
use wasm_encoder::reencode::{self, Reencode, utils};
use wasmparser::{BinaryReader, Operator, Parser, Payload, TypeRef};

/// What is done at once: 20 microseconds for bytes, as much for elements, which may have to be made.
const LIMITS: Limits = Limits { bytes: 256 << 10, elements: 2048 };

/// A part of the image cache's key: other pieces are other code.
pub const VERSION: &str = "pieces1";

type Error = reencode::Error;

/// The component with all of its modules rewritten; nothing else of it is changed.
pub fn rewrite(component: &[u8]) -> Result<Vec<u8>, String> {
    rewrite_component(component, 0).map_err(|error| error.to_string())
}

const PREAMBLE: usize = 8;
const MODULE_SECTION: u8 = 1;
const COMPONENT_SECTION: u8 = 4;
/// Components inside components. The engine refuses what is deeper, but it comes later.
const DEPTH_MAX: u32 = 100;

fn rewrite_component(component: &[u8], depth: u32) -> Result<Vec<u8>, Error> {
    if depth > DEPTH_MAX {
        return Err(Error::UnexpectedNonComponentSection);
    }
    let mut reader = BinaryReader::new(component, 0);
    let mut rewritten = reader.read_bytes(PREAMBLE)?.to_vec();
    while !reader.eof() {
        let id = reader.read_u8()?;
        let size = reader.read_var_u32()?;
        let content = reader.read_bytes(size as usize)?;
        rewritten.push(id);
        match id {
            MODULE_SECTION => rewrite_module(content, LIMITS)?.encode(&mut rewritten),
            COMPONENT_SECTION => rewrite_component(content, depth + 1)?.encode(&mut rewritten),
            _ => content.encode(&mut rewritten),
        }
    }
    Ok(rewritten)
}

fn rewrite_module(module: &[u8], limits: Limits) -> Result<Vec<u8>, Error> {
    let rewriter = Rewriter::look_at(module, limits)?;
    if rewriter.added.is_empty() {
        return Ok(module.to_vec());
    }
    let mut rewriter = rewriter;
    let mut rewritten = wasm_encoder::Module::new();
    rewriter.parse_core_module(&mut rewritten, Parser::new(0), module)?;
    Ok(rewritten.finish())
}

struct Rewriter {
    limits: Limits,
    /// Types and functions that the module has itself; those that are added follow.
    types: u32,
    functions: u32,
    memories: Vec<wasmparser::MemoryType>,
    tables: Vec<wasmparser::TableType>,
    added: Vec<Piecewise>,
}

impl Rewriter {
    fn look_at(module: &[u8], limits: Limits) -> Result<Rewriter, Error> {
        let mut it = Rewriter {
            limits,
            types: 0,
            functions: 0,
            memories: Vec::new(),
            tables: Vec::new(),
            added: Vec::new(),
        };
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(groups) => {
                    for group in groups {
                        it.types += group?.types().len() as u32;
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        it.import(import?.ty);
                    }
                }
                Payload::FunctionSection(section) => it.functions += section.count(),
                Payload::MemorySection(section) => {
                    for memory in section {
                        it.memories.push(memory?);
                    }
                }
                Payload::TableSection(section) => {
                    for table in section {
                        it.tables.push(table?.ty);
                    }
                }
                Payload::CodeSectionEntry(body) => it.look_into(&body)?,
                _ => {}
            }
        }
        Ok(it)
    }

    fn import(&mut self, ty: TypeRef) {
        match ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => self.functions += 1,
            TypeRef::Memory(memory) => self.memories.push(memory),
            TypeRef::Table(table) => self.tables.push(table),
            TypeRef::Global(_) | TypeRef::Tag(_) => {}
        }
    }

    fn look_into(&mut self, body: &wasmparser::FunctionBody<'_>) -> Result<(), Error> {
        let mut before = None;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if let Some(kind) = self.kind_to_replace(&operator, before)
                && !self.added.iter().any(|it| it.kind == kind)
            {
                let made = Piecewise::new(kind, &self.memories, &self.tables);
                // The engine says what is wrong with the module.
                self.added.push(made.ok_or(Error::InvalidCodeSectionSize)?);
            }
            before = constant(&operator);
        }
        Ok(())
    }

    fn kind_to_replace(&self, operator: &Operator<'_>, length: Option<u64>) -> Option<Kind> {
        let kind = Kind::of(operator)?;
        let small = length.is_some_and(|length| length <= kind.piece(self.limits));
        (!small).then_some(kind)
    }
}

fn constant(operator: &Operator<'_>) -> Option<u64> {
    match *operator {
        Operator::I32Const { value } => Some(u64::from(value as u32)),
        Operator::I64Const { value } => Some(value as u64),
        _ => None,
    }
}

impl Reencode for Rewriter {
    type Error = std::convert::Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut wasm_encoder::TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_type_section(self, types, section)?;
        for added in &self.added {
            types.ty().function(added.params()?, []);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut wasm_encoder::FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_function_section(self, functions, section)?;
        for added in 0..self.added.len() as u32 {
            functions.function(self.types + added);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut wasm_encoder::CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_code_section(self, code, section)?;
        for added in &self.added {
            code.function(&added.body(self.limits));
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut wasm_encoder::CodeSection,
        body: wasmparser::FunctionBody<'_>,
    ) -> Result<(), Error> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut before = None;
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            let now = constant(&operator);
            let kind = self.kind_to_replace(&operator, before);
            let added = kind.and_then(|kind| self.added.iter().position(|it| it.kind == kind));
            let instruction = match added {
                Some(added) => wasm_encoder::Instruction::Call(self.functions + added as u32),
                None => self.instruction(operator)?,
            };
            function.instruction(&instruction);
            before = now;
        }
        code.function(&function);
        Ok(())
    }

    /// Names stay. Other sections may speak of places in the code, which are elsewhere now.
    fn parse_custom_section(
        &mut self,
        module: &mut wasm_encoder::Module,
        section: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        if section.name() == "name" {
            utils::parse_custom_section(self, module, section)?;
        }
        Ok(())
    }
}
