# A crate with a change of ours that no release has yet: its sources as crates.io has them, with
# rust/patches/<crate>.patch applied. They lie in PEAR_SHARED_BUILD, a folder for each version and patch, so that
# another checkout does not compile them again; rust/patched/<crate>, which `[patch.crates-io]` in rust/Cargo.toml
# names, links there.
#
#   pear_patched_crate(NAME VERSION SHA256)    # SHA256: as crates.io publishes it for the .crate file

function(pear_patched_crate name version sha256)
  set(patch ${PROJECT_SOURCE_DIR}/rust/patches/${name}.patch)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${patch})
  file(SHA256 ${patch} hash)
  string(SUBSTRING ${hash} 0 16 hash)
  set(folder ${PEAR_SHARED_BUILD}/crates)
  set(sources ${folder}/${name}-${version}-${hash})
  file(LOCK ${folder} DIRECTORY GUARD FUNCTION)  # Two presets may be configured at once.

  if(NOT EXISTS ${sources})
    set(archive ${folder}/${name}-${version}.crate)
    # Does nothing where the file is there and its hash is right.
    file(DOWNLOAD https://static.crates.io/crates/${name}/${name}-${version}.crate ${archive}
         EXPECTED_HASH SHA256=${sha256} TLS_VERIFY ON)
    find_program(PATCH patch REQUIRED)
    set(scratch ${folder}/new)
    file(REMOVE_RECURSE ${scratch})
    file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${scratch})
    execute_process(COMMAND ${PATCH} --quiet --strip=1 --input=${patch}
                    WORKING_DIRECTORY ${scratch}/${name}-${version} COMMAND_ERROR_IS_FATAL ANY)
    file(RENAME ${scratch}/${name}-${version} ${sources})
    file(REMOVE_RECURSE ${scratch})
  endif()

  set(link ${PROJECT_SOURCE_DIR}/rust/patched/${name})
  file(MAKE_DIRECTORY ${PROJECT_SOURCE_DIR}/rust/patched)
  if(NOT IS_SYMLINK ${link})
    file(REMOVE_RECURSE ${link})
  endif()
  file(CREATE_LINK ${sources} ${link} SYMBOLIC)
endfunction()
