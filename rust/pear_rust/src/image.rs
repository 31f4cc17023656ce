//! One compiled component, linked: what instances are made of.

use crate::bulk;
use crate::engine::{Engine, MEMORIES_MAX, TABLES_MAX};
use crate::host::State;
use std::sync::Arc;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

pub struct Image {
    pub engine: Arc<Engine>,
    pub pre: InstancePre<State>,
    pub handle: ComponentExportIndex,
}

const HANDLER: &str = "wasi:http/incoming-handler@0.2.";

/// Machine code of a component, or a sentence about what is wrong with it.
pub fn compile(engine: &Engine, component: &[u8]) -> Result<Vec<u8>, String> {
    match component {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => {}
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            return Err("this is a core WebAssembly module, not a component: \
                        `pear build` wraps it into one"
                .into());
        }
        [0, b'a', b's', b'm', ..] => {
            return Err("this is WebAssembly of a version that Pear does not know".into());
        }
        [] => return Err("the file is empty: not a WebAssembly component".into()),
        _ => return Err("this is not WebAssembly: it does not begin with \\0asm".into()),
    }
    let compiled = |component: &[u8]| {
        engine.wasmtime.precompile_component(component).map_err(|error| {
            let cause = error.root_cause().to_string();
            format!("the component cannot be compiled: {}", one_line(&cause))
        })
    };
    match bulk::rewrite(component) {
        Ok(rewritten) => compiled(&rewritten),
        // What is wrong with it, the engine says best.
        Err(problem) => compiled(component).and_then(|_| {
            Err(format!("the component cannot be prepared for compiling: {}", one_line(&problem)))
        }),
    }
}

impl Image {
    pub fn link(engine: Arc<Engine>, component: &Component) -> Result<Image, String> {
        let handle = find_handler(&engine, component)?;
        let pre = engine.linker.instantiate_pre(component).map_err(|error| not_linked(&error))?;
        Ok(Image { engine, pre, handle })
    }

    /// Memories and tables that an instance takes of the pool.
    pub fn needs(&self) -> (u32, u32) {
        match self.pre.component().resources_required() {
            Some(needs) => (needs.num_memories, needs.num_tables),
            None => (MEMORIES_MAX, TABLES_MAX),
        }
    }
}

fn find_handler(engine: &Engine, component: &Component) -> Result<ComponentExportIndex, String> {
    let ty = component.component_type();
    let mut others = Vec::new();
    for (name, item) in ty.exports(&engine.wasmtime) {
        let is_instance = matches!(item.ty, ComponentItem::ComponentInstance(_));
        if is_instance && name.starts_with(HANDLER) {
            let index = component
                .get_export_index(None, name)
                .and_then(|handler| component.get_export_index(Some(&handler), "handle"));
            return index.ok_or_else(|| format!("the component's {name} has no function `handle`"));
        }
        others.push(name.to_string());
    }
    if let Some(newer) = others.iter().find(|name| name.starts_with("wasi:http/handler@0.3")) {
        return Err(format!(
            "the component exports {newer}; Pear serves wasi:http 0.2 (wasi:http/incoming-handler)"
        ));
    }
    let what = match others.as_slice() {
        [] => "exports nothing".to_string(),
        names => format!("exports {}", shortened(names)),
    };
    Err(format!("the component does not export wasi:http/incoming-handler@0.2; it {what}"))
}

fn shortened(names: &[String]) -> String {
    let shown = names.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(8);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn not_linked(error: &wasmtime::Error) -> String {
    let whole = error.chain().map(|cause| cause.to_string()).collect::<Vec<_>>().join(": ");
    let import = whole.split('`').nth(1).unwrap_or_default();
    let missing = whole.contains("was not found in the linker");
    if missing && !import.is_empty() {
        return format!("the component imports {import}, which Pear does not offer");
    }
    format!("the component's imports do not fit what Pear offers: {}", one_line(&whole))
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
