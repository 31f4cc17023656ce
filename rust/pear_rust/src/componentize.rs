//! Wraps a core module into a component.

use std::path::Path;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as ADAPTER_NAME,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A component of the world `world` of the WIT package in the folder `wit`, with the adapter for
/// preview 1 where the module imports it.
pub fn componentize(core: &[u8], wit: &str, world: &str) -> Result<Vec<u8>, String> {
    match core {
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => {}
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => {
            return Err("this is a component already".into());
        }
        _ => return Err("this is not a core WebAssembly module".into()),
    }
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_path(Path::new(wit))
        .map_err(|error| format!("the WIT in {wit} cannot be read: {error:#}"))?;
    let world = resolve
        .select_world(&[package], Some(world))
        .map_err(|error| format!("there is no world {world} in {wit}: {error:#}"))?;
    let mut module = core.to_vec();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| format!("the world cannot be embedded: {error:#}"))?;
    let mut encoder = ComponentEncoder::default().validate(true).module(&module);
    if imports_preview_1(&module) {
        encoder = encoder.and_then(|encoder| encoder.adapter(ADAPTER_NAME, ADAPTER));
    }
    encoder
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| format!("the module does not fit the world: {error:#}"))
}

/// Only a module that imports preview 1 gets its adapter, and with it what the adapter imports. What
/// is wrong with a module is the encoder's to say.
fn imports_preview_1(module: &[u8]) -> bool {
    Parser::new(0)
        .parse_all(module)
        .filter_map(|payload| match payload {
            Ok(Payload::ImportSection(imports)) => Some(imports),
            _ => None,
        })
        .flat_map(|imports| imports.into_imports())
        .any(|import| import.is_ok_and(|import| import.module == ADAPTER_NAME))
}
