# BoringSSL, the one TLS stack, from the sources that crate boring-sys carries. Built once with the
# baseline compiler and shared by every preset and checkout, as the Rust library is.

pear_crate_dir(boring-sys boring_sys_dir)
cmake_path(GET boring_sys_dir FILENAME boring_sys_version)
set(boringssl_build ${PEAR_SHARED_BUILD}/boringssl/${boring_sys_version})

if(NOT EXISTS ${boringssl_build}/libssl.a OR NOT EXISTS ${boringssl_build}/libcrypto.a)
  message(STATUS "Building BoringSSL (about 2 minutes, once)")
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${boring_sys_dir}/deps/boringssl -B ${boringssl_build} -G Ninja
            -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON
            -DCMAKE_C_COMPILER=gcc-12 -DCMAKE_CXX_COMPILER=g++-12
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${boringssl_build} --target ssl crypto
                  COMMAND_ERROR_IS_FATAL ANY)
endif()

add_library(pear_boringssl INTERFACE)
target_include_directories(pear_boringssl SYSTEM INTERFACE
  ${boring_sys_dir}/deps/boringssl/include)
target_link_libraries(pear_boringssl INTERFACE ${boringssl_build}/libssl.a
                      ${boringssl_build}/libcrypto.a)
