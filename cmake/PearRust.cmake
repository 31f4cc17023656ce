# The one Rust library: built by cargo once, and shared by every preset and every checkout.
#
# CARGO_TARGET_DIR, where set, says where cargo's outputs are; else they lie in PEAR_SHARED_BUILD
# (PearCrates.cmake). Neither is ever needed.

if(DEFINED ENV{CARGO_TARGET_DIR})
  set(PEAR_CARGO_TARGET "$ENV{CARGO_TARGET_DIR}")
else()
  set(PEAR_CARGO_TARGET "${PEAR_SHARED_BUILD}/cargo")
endif()

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
  ${PEAR_RUST_DIR}/pear_rust/include)
target_link_libraries(pear_rust INTERFACE ${pear_rust_lib} gcc_s util rt pthread m dl)
