# pear_module: declares one folder of src/ as one library with its tests, fuzzers and benchmarks.
#
#   pear_module(http_http1
#     SOURCES request_parser.cc chunk_parser.cc
#     DEPS    base                        # Modules only. A dependency on third-party code is
#     PRIVATE_LIBS CLI11::CLI11           # private, so that its headers stop at this module.
#     GUEST                               # Links the Rust library: left out of sanitized builds.
#     THREADS                             # Its tests also run under the thread sanitizer.
#   )
#
# Tests are not listed: each X_test.cc, X_fuzz.cc and X_bench.cc in the folder belongs to it. A file
# with one of these endings can therefore not be forgotten. A test that runs guests, in a module
# that is itself free of them, ends in X_guest_test.cc and is left out of sanitized builds.
function(pear_module name)
  cmake_parse_arguments(ARG "GUEST;THREADS" "" "SOURCES;DEPS;PRIVATE_LIBS;TEST_DEPS;TEST_LIBS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "pear_module(${name}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(ARG_GUEST AND NOT PEAR_GUESTS)
    return()
  endif()

  if(ARG_SOURCES)
    add_library(pear_${name} STATIC ${ARG_SOURCES})
    set(visibility PUBLIC)
    target_link_libraries(pear_${name} PRIVATE pear_warnings fmt::fmt ${ARG_PRIVATE_LIBS})
  else()
    add_library(pear_${name} INTERFACE)  # A module of headers only.
    set(visibility INTERFACE)
  endif()
  add_library(pear::${name} ALIAS pear_${name})
  target_include_directories(pear_${name} ${visibility} ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM ARG_DEPS PREPEND pear::)
  list(TRANSFORM ARG_TEST_DEPS PREPEND pear::)
  target_link_libraries(pear_${name} ${visibility} ${ARG_DEPS} Threads::Threads)

  # The thread sanitizer slows everything down and finds nothing where there is one thread.
  set(test_here ${PEAR_TESTS})
  if(PEAR_SANITIZE MATCHES "thread" AND NOT ARG_THREADS)
    set(test_here OFF)
  endif()

  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  if(NOT PEAR_GUESTS)
    list(FILTER tests EXCLUDE REGEX "_guest_test\\.cc$")
  endif()
  if(tests AND test_here)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE pear::${name} ${ARG_TEST_DEPS} pear_warnings fmt::fmt
                          ${ARG_TEST_LIBS} ${ARG_PRIVATE_LIBS} GTest::gtest_main)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}/" DISCOVERY_TIMEOUT 60
                         PROPERTIES LABELS unit TIMEOUT 120)
  endif()

  file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cc)
  foreach(fuzzer IN LISTS fuzzers)
    if(PEAR_SANITIZE MATCHES "thread")
      break()
    endif()
    cmake_path(GET fuzzer STEM target)
    add_executable(${target} ${fuzzer})
    target_link_libraries(${target} PRIVATE pear::${name} ${ARG_TEST_DEPS} ${ARG_TEST_LIBS}
                          ${ARG_PRIVATE_LIBS} pear_warnings pear_fuzz_driver)
    # Every build replays the corpus: what fuzzing once found stays found.
    add_test(NAME corpus/${target}
             COMMAND ${target} -runs=0 ${PROJECT_SOURCE_DIR}/tests/corpus/${target})
    set_tests_properties(corpus/${target} PROPERTIES LABELS corpus TIMEOUT 60)
  endforeach()

  file(GLOB benches CONFIGURE_DEPENDS *_bench.cc)
  if(benches AND PEAR_BENCHES)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE pear::${name} ${ARG_TEST_DEPS} pear_warnings
                          fmt::fmt ${ARG_PRIVATE_LIBS} benchmark::benchmark_main)
  endif()
endfunction()
