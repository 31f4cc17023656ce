//! The engine: how guests are compiled, where their memories lie, and what they may import.

use crate::abi::EngineOptions;
use crate::host::{self, State};
use crate::share::Common;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Error, InstanceAllocationStrategy, PoolingAllocationConfig, Result,
};

/// One engine for components of WASI 0.2. Those of 0.3 need concurrency support, which costs every
/// call of a 0.2 component 2 microseconds: they will get a second engine of this type.
pub struct Engine {
    pub wasmtime: wasmtime::Engine,
    pub linker: Linker<State>,
    pub common: Arc<Common>,
}

/// What is reset in place of each memory and table where the kernel cannot tell what was written.
const KEEP_UNSCANNED: usize = 64 << 10;

/// Of one component.
const CORE_INSTANCES_MAX: u32 = 64;
pub const MEMORIES_MAX: u32 = 4;
pub const TABLES_MAX: u32 = 16;

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
        Ok(Engine { wasmtime, linker, common: Common::new(options.files_max) })
    }

    /// What, besides a component's bytes, decides whether compiled code fits.
    pub fn fingerprint(&self) -> String {
        let mut hash = Fnv128(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        self.wasmtime.precompile_compatibility_hash().hash(&mut hash);
        let version = crate::tools::version_of("wasmtime");
        format!("wasmtime-{version}-{}-{:032x}", crate::bulk::VERSION, hash.0)
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
    // Core instances are only counted: there are as many as components can need, so that instances,
    // memories and tables, which cost address space, are all that can be short. Who makes instances
    // counts those (pear_image_needs).
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES_MAX))
        .total_memories(options.memories_max.max(1))
        .total_tables(options.tables_max.max(1))
        .total_stacks(instances.saturating_add(16))
        .total_gc_heaps(instances)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
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
