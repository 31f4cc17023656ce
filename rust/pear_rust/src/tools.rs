//! Versions, and a proof that each engine is linked.

use automerge::transaction::Transactable;
use automerge::{AutoCommit, ROOT, ReadDoc};

/// The exact version of a direct dependency: Cargo.toml pins it.
pub fn version_of(package: &str) -> &'static str {
    let manifest = include_str!("../Cargo.toml");
    let line = manifest.lines().find(|line| {
        line.strip_prefix(package).is_some_and(|rest| rest.trim_start().starts_with('='))
    });
    let pinned = line.and_then(|line| line.split("\"=").nth(1));
    pinned.and_then(|rest| rest.split('"').next()).unwrap_or("unknown")
}

pub fn versions() -> String {
    format!(
        "wasmtime {}, quiche {}, nghttp2 {}, automerge {}",
        version_of("wasmtime"),
        version_of("quiche"),
        version_of("libnghttp2-sys"),
        version_of("automerge")
    )
}

/// Makes a document, puts one key, saves it, loads it, and reads the key.
pub fn automerge_selftest() -> bool {
    let mut document = AutoCommit::new();
    if document.put(ROOT, "pear", "ripe").is_err() {
        return false;
    }
    let Ok(loaded) = AutoCommit::load(&document.save()) else { return false };
    matches!(loaded.get(ROOT, "pear"), Ok(Some((value, _))) if value.as_str() == Some("ripe"))
}

pub fn quiche_version() -> u32 {
    quiche::PROTOCOL_VERSION
}
