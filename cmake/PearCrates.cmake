# The crates that the build takes sources from: fetched by cargo as rust/Cargo.lock pins them, some changed by a
# patch of ours (PatchedCrate.cmake). BoringSSL's sources are inside boring-sys, those of nghttp2 inside
# libnghttp2-sys, those of s2n-bignum inside aws-lc-sys.
#
# PEAR_SHARED_BUILD (default ~/.cache/pear) is where the outputs that no preset changes are kept. Never needed.

if(DEFINED ENV{PEAR_SHARED_BUILD})
  set(PEAR_SHARED_BUILD "$ENV{PEAR_SHARED_BUILD}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(PEAR_SHARED_BUILD "$ENV{XDG_CACHE_HOME}/pear")
else()
  set(PEAR_SHARED_BUILD "$ENV{HOME}/.cache/pear")
endif()

find_program(CARGO cargo HINTS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin REQUIRED)
set(PEAR_RUST_DIR ${PROJECT_SOURCE_DIR}/rust)

include(cmake/PatchedCrate.cmake)
pear_patched_crate(quiche 0.30.0
                   52b35a721a2a56797347929745fa783fc99e680d9484b80324ce40106b75493a)
pear_patched_crate(wasmtime 48.0.8
                   a2afcadb2e7d0417cb8f3f322c66eff49338b288f22290c0ca0bd3e9570732aa)
pear_patched_crate(wasmtime-wasi 48.0.8
                   a678afa77874a2d6eed071852f7777ccd77495e0bfbc30f7b8089e1d00b2485f)

execute_process(
  COMMAND ${CARGO} fetch --locked --quiet --manifest-path ${PEAR_RUST_DIR}/Cargo.toml
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(
  COMMAND ${CARGO} metadata --locked --offline --format-version 1 --all-features
          --manifest-path ${PEAR_RUST_DIR}/Cargo.toml
  OUTPUT_VARIABLE pear_cargo_metadata COMMAND_ERROR_IS_FATAL ANY)

function(pear_crate_dir crate out)
  string(REGEX MATCH "\"manifest_path\":\"([^\"]*/${crate}-[0-9][^/\"]*)/Cargo.toml\"" found
         "${pear_cargo_metadata}")
  if(NOT found)
    message(FATAL_ERROR "crate ${crate} is not in rust/Cargo.lock")
  endif()
  set(${out} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()
