# Warnings, hardening and sanitizers, for every target of Pear.

add_library(pear_warnings INTERFACE)
target_compile_options(pear_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Wcast-align -Woverloaded-virtual -Wimplicit-fallthrough -Wswitch-enum
  -Wextra-semi -Wundef -Werror
  # Statement expressions are how PEAR_TRY returns early (base/result.h).
  $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression>
  # g++ 12 reports both falsely for values that it has inlined out of optional and string; clang and
  # the sanitizers look for the real ones.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-restrict>
  # A designated initialiser leaves the other members to their defaults on purpose.
  -Wno-missing-field-initializers)

# Hardening: checks in the standard library and the C library, stack protector, control-flow
# protection, a position independent executable with its relocations read-only.
# -fPIE, not -fPIC: nothing here becomes a shared library, so calls within it need not be replaceable.
add_compile_options(-fPIE -fstack-protector-strong -fcf-protection=full)
if(NOT PEAR_SANITIZE)
  # With the UB sanitizer, g++-12 takes the zeroed variables of {fmt} for uninitialised ones.
  add_compile_options(-ftrivial-auto-var-init=zero)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections)
add_compile_options(-ffunction-sections -fdata-sections)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -g1)
  string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
  string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
endif()

if(PEAR_SANITIZE)
  add_compile_options(-fsanitize=${PEAR_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PEAR_SANITIZE})
endif()
