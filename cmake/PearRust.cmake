# The one Rust library: built by cargo once, and shared by every preset and every checkout.
#
# PEAR_SHARED_BUILD (default ~/.cache/pear) is where the outputs that no preset changes are kept;
# CARGO_TARGET_DIR, where set, wins for cargo's part. Neither is ever needed.

if(DEFINED ENV{PEAR_SHARED_BUILD})
  set(PEAR_SHARED_BUILD "$ENV{PEAR_SHARED_BUILD}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(PEAR_SHARED_BUILD "$ENV{XDG_CACHE_HOME}/pear")
else()
  set(PEAR_SHARED_BUILD "$ENV{HOME}/.cache/pear")
endif()
if(DEFINED ENV{CARGO_TARGET_DIR})
  set(PEAR_CARGO_TARGET "$ENV{CARGO_TARGET_DIR}")
else()
  set(PEAR_CARGO_TARGET "${PEAR_SHARED_BUILD}/cargo")
endif()

find_program(CARGO cargo HINTS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin REQUIRED)
set(PEAR_RUST_DIR ${PROJECT_SOURCE_DIR}/rust)

include(cmake/PatchedCrate.cmake)
pear_patched_crate(wasmtime 48.0.8
                   a2afcadb2e7d0417cb8f3f322c66eff49338b288f22290c0ca0bd3e9570732aa)

# Where the sources of a crate lie: BoringSSL's are inside boring-sys, the headers of nghttp2 inside
# libnghttp2-sys.
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

pear_crate_dir(libnghttp2-sys nghttp2_dir)
# Its header of versions is made from the crate's own version, "0.1.13+1.68.1".
string(REGEX MATCH "\\+([0-9]+)\\.([0-9]+)\\.([0-9]+)$" found ${nghttp2_dir})
set(PACKAGE_VERSION "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3}")
math(EXPR PACKAGE_VERSION_NUM
     "(${CMAKE_MATCH_1} << 16) | (${CMAKE_MATCH_2} << 8) | ${CMAKE_MATCH_3}"
     OUTPUT_FORMAT HEXADECIMAL)
configure_file(${nghttp2_dir}/nghttp2/lib/includes/nghttp2/nghttp2ver.h.in
               ${CMAKE_BINARY_DIR}/rust/include/nghttp2/nghttp2ver.h @ONLY)

# cargo decides what is stale; ninja asks it every time (0.2 s when nothing changed) and relinks only
# when the library is newer. The output is copied into the build folder, so that two checkouts that
# share one target folder do not relink each other's binaries.
set(pear_rust_lib ${CMAKE_BINARY_DIR}/rust/libpear_rust.a)
add_custom_target(pear_rust_build
  COMMAND ${CMAKE_COMMAND} -E env CARGO_TARGET_DIR=${PEAR_CARGO_TARGET}
          ${CARGO} build --release --locked --quiet --manifest-path ${PEAR_RUST_DIR}/Cargo.toml
  COMMAND ${CMAKE_COMMAND} -E copy_if_different ${PEAR_CARGO_TARGET}/release/libpear_rust.a
          ${pear_rust_lib}
  BYPRODUCTS ${pear_rust_lib}
  COMMENT "cargo build (the Rust library; about 12 minutes when cold)"
  USES_TERMINAL VERBATIM)

add_library(pear_rust INTERFACE)
add_dependencies(pear_rust pear_rust_build)
target_include_directories(pear_rust SYSTEM INTERFACE
  ${PEAR_RUST_DIR}/pear_rust/include ${nghttp2_dir}/nghttp2/lib/includes
  ${CMAKE_BINARY_DIR}/rust/include)
target_link_libraries(pear_rust INTERFACE ${pear_rust_lib} gcc_s util rt pthread m dl)
