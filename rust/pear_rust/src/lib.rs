extern crate automerge;
extern crate libnghttp2_sys;
extern crate quiche;
extern crate wasi_preview1_component_adapter_provider;
extern crate wit_component;
extern crate wasmtime_wasi;
