//! What an instance holds of its cage's memory: linear memories, tables, and host buffers.

use crate::abi::HostRef;
use crate::fault::no_memory;
use wasmtime::{ResourceLimiter, Result};

pub struct Account {
    host: HostRef,
    charged: u64,
    refused: bool,
}

const TABLE_ELEMENT_BYTES: u64 = 8;

impl Account {
    pub fn new(host: HostRef) -> Account {
        Account { host, charged: 0, refused: false }
    }

    pub fn try_charge(&mut self, bytes: u64) -> bool {
        if bytes == 0 {
            return true;
        }
        if !self.host.memory_grow(bytes) {
            self.refused = true;
            return false;
        }
        self.charged += bytes;
        true
    }

    pub fn charge(&mut self, bytes: u64) -> Result<()> {
        if self.try_charge(bytes) { Ok(()) } else { Err(no_memory()) }
    }

    pub fn release(&mut self, bytes: u64) {
        if bytes > 0 {
            self.charged -= bytes;
            self.host.memory_release(bytes);
        }
    }

    /// Whether the host ever refused this instance memory.
    pub fn refused(&self) -> bool {
        self.refused
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.release(self.charged);
    }
}

// A growth that fails after it was granted (the system has no memory) stays charged until the
// instance ends: too much is the safe side.
impl ResourceLimiter for Account {
    fn memory_growing(&mut self, now: usize, wanted: usize, max: Option<usize>) -> Result<bool> {
        if max.is_some_and(|max| wanted > max) {
            return Ok(false);
        }
        Ok(self.try_charge(wanted.saturating_sub(now) as u64))
    }

    fn table_growing(&mut self, now: usize, wanted: usize, max: Option<usize>) -> Result<bool> {
        if max.is_some_and(|max| wanted > max) {
            return Ok(false);
        }
        let elements = wanted.saturating_sub(now) as u64;
        Ok(self.try_charge(elements.saturating_mul(TABLE_ELEMENT_BYTES)))
    }

    fn instances(&self) -> usize {
        256
    }
    fn tables(&self) -> usize {
        64
    }
    fn memories(&self) -> usize {
        16
    }
}
