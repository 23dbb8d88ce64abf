# What an outside project needs: find_package(troupe), pkg-config's troupe.pc, and the Debian package.
include(CMakePackageConfigHelpers)

set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/troupe")

install(EXPORT troupe NAMESPACE troupe:: FILE troupeTargets.cmake DESTINATION "${config_dir}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/troupeConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/troupeConfig.cmake" INSTALL_DESTINATION "${config_dir}"
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
# Before 1.0, a minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/troupeConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/troupeConfig.cmake"
  "${PROJECT_BINARY_DIR}/troupeConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindCAF.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindxxHash.cmake"
  "${PROJECT_SOURCE_DIR}/tools/capnpc_troupe/TroupeAddIdl.cmake"
  DESTINATION "${config_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# pkg-config: the rooms from the top down, as a static linker reads them.
get_property(room_targets GLOBAL PROPERTY TROUPE_ROOM_TARGETS)
set(pc_archives "")
foreach(target IN LISTS room_targets)
  get_target_property(kind ${target} TYPE)
  if(kind STREQUAL "STATIC_LIBRARY")
    if(target STREQUAL "troupe_idl")
      set(pc_idl "-ltroupe_idl")
    else()
      set(pc_archives "-l${target} ${pc_archives}")
    endif()
  endif()
endforeach()
# The prefix is where the file lies, so that `cmake --install --prefix` and packages need no second file.
file(RELATIVE_PATH pc_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file("${CMAKE_CURRENT_LIST_DIR}/troupe.pc.in" "${PROJECT_BINARY_DIR}/troupe.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/troupe.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libtroupe-dev)
set(CPACK_PACKAGE_VENDOR "The Troupe authors")
set(CPACK_PACKAGE_CONTACT "The Troupe authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
# What the headers and archives need to be used; it brings the shared libraries that the programs need.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "libcaf-dev (>= 0.17.6), capnproto, libcapnp-dev (>= 0.9.2), libssl-dev, libspdlog-dev, libtomlplusplus-dev, libxxhash-dev")
include(CPack)
