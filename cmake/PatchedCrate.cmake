# A crate with a change of ours that no release has yet: its sources as crates.io has them, with
# rust/patches/<crate>.patch applied, in rust/patched/<crate>, which `[patch.crates-io]` in rust/Cargo.toml
# names. The folder is made anew when the crate's version or the patch changes.
#
#   pear_patched_crate(NAME VERSION SHA256)    # SHA256: as crates.io publishes it for the .crate file

function(pear_patched_crate name version sha256)
  set(patch ${PROJECT_SOURCE_DIR}/rust/patches/${name}.patch)
  set(folder ${PROJECT_SOURCE_DIR}/rust/patched)
  set(archive ${PEAR_SHARED_BUILD}/crates/${name}-${version}.crate)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${patch})
  file(SHA256 ${patch} patch_hash)
  set(made_of "${version} ${sha256} ${patch_hash}")
  if(EXISTS ${folder}/${name}/.made_of)
    file(READ ${folder}/${name}/.made_of was_made_of)
    if(was_made_of STREQUAL made_of)
      return()
    endif()
  endif()

  # DOWNLOAD does nothing where the file is there and its hash is right.
  file(DOWNLOAD https://static.crates.io/crates/${name}/${name}-${version}.crate ${archive}
       EXPECTED_HASH SHA256=${sha256} TLS_VERIFY ON)
  find_program(PATCH patch REQUIRED)
  set(scratch ${folder}/${name}.new)
  file(REMOVE_RECURSE ${scratch})
  file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${scratch})
  execute_process(COMMAND ${PATCH} --quiet --strip=1 --set-utc --input=${patch}
                  WORKING_DIRECTORY ${scratch}/${name}-${version} COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE ${scratch}/${name}-${version}/.made_of "${made_of}")
  file(REMOVE_RECURSE ${folder}/${name})
  file(RENAME ${scratch}/${name}-${version} ${folder}/${name})
  file(REMOVE_RECURSE ${scratch})
endfunction()
