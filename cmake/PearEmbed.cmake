# pear_embed: builds text files into the program, as the function declared in src/cli/embedded_files.h.
#
#   pear_embed(out.cc ROOT ${PROJECT_SOURCE_DIR} FILES templates/cpp/pear.toml sdk/cpp_flags.txt …)
#
# The paths, relative to ROOT, are the names. Run as a script at build time this file writes out.cc.

if(CMAKE_SCRIPT_MODE_FILE)
  file(STRINGS ${LIST} names)
  set(arrays "")
  set(rows "")
  set(index 0)
  foreach(name IN LISTS names)
    file(READ ${ROOT}/${name} hex HEX)
    string(LENGTH "${hex}" hex_digits)
    math(EXPR bytes "${hex_digits} / 2")
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
    # A last byte that is not counted, so that an empty file is an array, too.
    string(APPEND arrays "constexpr unsigned char kFile${index}[] = {\n${hex}0};\n")
    string(APPEND rows "    EmbeddedFile{\"${name}\", text_of(kFile${index}, ${bytes})},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(WRITE ${OUT}.new "// Written by cmake/PearEmbed.cmake.
#include \"cli/embedded_files.h\"

#include <array>
#include <cstddef>

namespace pear::cli {
namespace {

${arrays}
std::string_view text_of(const unsigned char* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::span<const EmbeddedFile> embedded_files() {
  static const std::array<EmbeddedFile, ${index}> kFiles{{
${rows}  }};
  return kFiles;
}

}  // namespace pear::cli
")
  file(RENAME ${OUT}.new ${OUT})
  return()
endif()

set(PEAR_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(pear_embed out)
  cmake_parse_arguments(ARG "" "ROOT" "FILES" ${ARGN})
  list(SORT ARG_FILES)
  list(JOIN ARG_FILES "\n" names)
  # Written only when the list changed, so that a configure alone does not rebuild.
  file(GENERATE OUTPUT ${out}.list CONTENT "${names}\n")
  list(TRANSFORM ARG_FILES PREPEND ${ARG_ROOT}/ OUTPUT_VARIABLE paths)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -D LIST=${out}.list -D ROOT=${ARG_ROOT} -D OUT=${out}
            -P ${PEAR_EMBED_SCRIPT}
    DEPENDS ${paths} ${out}.list ${PEAR_EMBED_SCRIPT}
    COMMENT "Embedding templates and SDK" VERBATIM)
endfunction()
