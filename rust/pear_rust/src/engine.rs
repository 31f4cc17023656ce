//! The engine: how guests are compiled, where their memories lie, and what they may import.

use crate::abi::EngineOptions;
use crate::host::{self, State};
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;
use tokio::runtime::Runtime;
use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Error, InstanceAllocationStrategy, PoolingAllocationConfig, Result,
};

/// One engine for components of WASI 0.2. Those of 0.3 need concurrency support, which costs every
/// call of a 0.2 component 2 microseconds: they will get a second engine of this type.
pub struct Engine {
    pub wasmtime: wasmtime::Engine,
    pub linker: Linker<State>,
    // For wasmtime-wasi's file functions; made when the first instance with directories is.
    runtime: OnceLock<Option<Runtime>>,
}

/// Threads that file calls of guests may occupy, all instances together.
const FILE_THREADS_MAX: usize = 16;
/// What is reset in place of each memory and table where the kernel cannot tell what was written.
const KEEP_UNSCANNED: usize = 64 << 10;

/// Elements of one table; each of the pool's tables reserves address space for so many.
const TABLE_ELEMENTS_MAX: usize = 100_000;

impl Engine {
    pub fn new(options: &EngineOptions) -> Result<Engine> {
        let mut config = Config::new();
        config
            .epoch_interruption(true)
            .concurrency_support(false)
            .wasm_exceptions(true)
            .wasm_gc(false)
            .max_wasm_stack(usize::try_from(options.wasm_stack_bytes)?)
            .async_stack_size(usize::try_from(options.async_stack_bytes)?)
            .generate_address_map(false);
        if options.pooling {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(options)?));
        } else {
            // Where address space is short: no more of it than a memory may use, so that compiled
            // code checks its bounds itself.
            config
                .allocation_strategy(InstanceAllocationStrategy::OnDemand)
                .memory_reservation(options.memory_bytes_max)
                .memory_guard_size(64 << 10)
                .memory_reservation_for_growth(64 << 10);
        }
        let wasmtime = wasmtime::Engine::new(&config)?;
        let mut linker = Linker::new(&wasmtime);
        host::add_to_linker(&mut linker)?;
        Ok(Engine { wasmtime, linker, runtime: OnceLock::new() })
    }

    /// The runtime that runs file calls of guests. None where its threads cannot be made.
    pub fn runtime(&self) -> Option<&Runtime> {
        let make = || {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .max_blocking_threads(FILE_THREADS_MAX)
                .thread_name("pear-files")
                .enable_time()
                .build()
                .ok()
        };
        self.runtime.get_or_init(make).as_ref()
    }

    /// What, besides a component's bytes, decides whether compiled code fits.
    pub fn fingerprint(&self) -> String {
        let mut hash = Fnv128(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        self.wasmtime.precompile_compatibility_hash().hash(&mut hash);
        format!("wasmtime-{}-{:032x}", crate::tools::version_of("wasmtime"), hash.0)
    }
}

fn pool(options: &EngineOptions) -> Result<PoolingAllocationConfig> {
    let instances = options.instances_max.max(1);
    // Where the kernel names the pages that were written (Linux 6.7), they are reset in place:
    // unmapping them would interrupt every other core (TLB) and fault again at the next use. Where it
    // does not, all that is kept would be rewritten, whatever was written.
    let keep_max = match PoolingAllocationConfig::is_pagemap_scan_available() {
        true => usize::MAX,
        false => KEEP_UNSCANNED,
    };
    // A component is several core instances (its module, adapters, shims) and rarely more than one
    // memory; only memories cost address space.
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(8))
        .total_memories(instances.saturating_add(instances / 4).saturating_add(4))
        .total_tables(instances.saturating_mul(3))
        .total_stacks(instances.saturating_add(16))
        .total_gc_heaps(instances)
        .max_core_instances_per_component(64)
        .max_memories_per_component(4)
        .max_tables_per_component(16)
        .max_tables_per_module(8)
        .max_memory_size(usize::try_from(options.memory_bytes_max)?)
        .table_elements(TABLE_ELEMENTS_MAX)
        .linear_memory_keep_resident(usize::try_from(options.memory_keep_resident)?.min(keep_max))
        .table_keep_resident(usize::try_from(options.table_keep_resident)?.min(keep_max))
        .pagemap_scan(Enabled::Auto)
        .max_unused_warm_slots(instances.min(64));
    if options.memory_bytes_max == 0 {
        return Err(Error::msg("memory_bytes_max is 0: no guest could have a memory"));
    }
    Ok(pool)
}

/// FNV-1a with 128 bits: stable between runs, which the standard library's hashers do not promise.
struct Fnv128(u128);

impl Hasher for Fnv128 {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte))
                .wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
    fn finish(&self) -> u64 {
        self.0 as u64
    }
}
