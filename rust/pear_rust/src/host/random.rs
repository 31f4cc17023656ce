//! wasi:random: the kernel's random numbers, for what is called insecure as well.

use super::{Cx, State, pause};
use crate::abi::fill_random;
use crate::fault::rule;
use wasmtime::Result;
use wasmtime::component::Linker;

/// Bytes that a guest can have at once, and that are made at once while its core waits.
const BYTES_MAX: u64 = 1 << 20;
const PIECE: usize = 64 << 10;

async fn bytes(mut cx: Cx<'_>, length: u64) -> Result<(Vec<u8>,)> {
    if length > BYTES_MAX {
        return Err(rule("asked for more than 1 MiB of random bytes at once"));
    }
    cx.data_mut().account.charge(length)?;
    let mut bytes = vec![0; length as usize];
    for piece in bytes.chunks_mut(PIECE) {
        if piece.len() == PIECE {
            pause(&mut cx).await;
        }
        fill_random(piece);
    }
    cx.data_mut().account.release(length);
    Ok((bytes,))
}

fn number() -> u64 {
    let mut bytes = [0; 8];
    fill_random(&mut bytes);
    u64::from_ne_bytes(bytes)
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut random = linker.instance("wasi:random/random@0.2.12")?;
    random.func_wrap_async("get-random-bytes", |cx: Cx<'_>, (length,): (u64,)| {
        Box::new(bytes(cx, length))
    })?;
    random.func_wrap("get-random-u64", |_: Cx, ()| Ok((number(),)))?;
    let mut insecure = linker.instance("wasi:random/insecure@0.2.12")?;
    insecure.func_wrap_async("get-insecure-random-bytes", |cx: Cx<'_>, (length,): (u64,)| {
        Box::new(bytes(cx, length))
    })?;
    insecure.func_wrap("get-insecure-random-u64", |_: Cx, ()| Ok((number(),)))?;
    let mut seed = linker.instance("wasi:random/insecure-seed@0.2.12")?;
    seed.func_wrap("insecure-seed", |_: Cx, ()| Ok(((number(), number()),)))
}
