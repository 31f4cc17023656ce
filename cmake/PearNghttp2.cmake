# nghttp2, framing and HPACK of HTTP/2, from the sources that crate libnghttp2-sys carries. Small enough
# to be built with each preset, under its sanitizers too.

pear_crate_dir(libnghttp2-sys nghttp2_crate)
set(nghttp2_lib ${nghttp2_crate}/nghttp2/lib)
# Its header of versions is made from the crate's own version, "0.1.13+1.68.1".
string(REGEX MATCH "\\+([0-9]+)\\.([0-9]+)\\.([0-9]+)$" found ${nghttp2_crate})
set(PACKAGE_VERSION "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}.${CMAKE_MATCH_3}")
math(EXPR PACKAGE_VERSION_NUM
     "(${CMAKE_MATCH_1} << 16) | (${CMAKE_MATCH_2} << 8) | ${CMAKE_MATCH_3}"
     OUTPUT_FORMAT HEXADECIMAL)
set(nghttp2_include ${CMAKE_BINARY_DIR}/nghttp2/include)
configure_file(${nghttp2_lib}/includes/nghttp2/nghttp2ver.h.in
               ${nghttp2_include}/nghttp2/nghttp2ver.h @ONLY)

file(GLOB nghttp2_sources ${nghttp2_lib}/*.c)
add_library(pear_nghttp2 STATIC ${nghttp2_sources})
target_include_directories(pear_nghttp2 SYSTEM PUBLIC ${nghttp2_lib}/includes ${nghttp2_include})
target_compile_definitions(pear_nghttp2 PUBLIC NGHTTP2_STATICLIB
                           PRIVATE HAVE_ARPA_INET_H HAVE_NETINET_IN_H HAVE_TIME_H
                                   HAVE_CLOCK_GETTIME HAVE_DECL_CLOCK_MONOTONIC=1)
