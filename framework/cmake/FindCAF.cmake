# Finds the C++ Actor Framework, which Debian ships without a CMake configuration or a pkg-config file.
#
#   find_package(CAF 0.17.6 REQUIRED COMPONENTS core io)   ->   CAF::core, CAF::io [, CAF::openssl]
#
# CAF_ROOT points it elsewhere. Installed with troupe, whose own configuration uses it.
include(FindPackageHandleStandardArgs)
find_package(Threads QUIET)

find_path(CAF_INCLUDE_DIR caf/actor_system.hpp)
mark_as_advanced(CAF_INCLUDE_DIR)

unset(CAF_VERSION)
if(CAF_INCLUDE_DIR AND EXISTS "${CAF_INCLUDE_DIR}/caf/config.hpp")
  # One number: major * 10000 + minor * 100 + patch.
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" caf_version_line REGEX "^#define CAF_VERSION [0-9]+")
  if(caf_version_line MATCHES "([0-9]+)$")
    math(EXPR caf_major "${CMAKE_MATCH_1} / 10000")
    math(EXPR caf_minor "${CMAKE_MATCH_1} / 100 % 100")
    math(EXPR caf_patch "${CMAKE_MATCH_1} % 100")
    set(CAF_VERSION "${caf_major}.${caf_minor}.${caf_patch}")
  endif()
endif()

# What each component stands on.
set(caf_links_core Threads::Threads)
set(caf_links_io CAF::core)
set(caf_links_openssl CAF::io)

foreach(caf_component IN LISTS CAF_FIND_COMPONENTS)
  find_library(CAF_${caf_component}_LIBRARY caf_${caf_component})
  mark_as_advanced(CAF_${caf_component}_LIBRARY)
  if(NOT CAF_INCLUDE_DIR OR NOT CAF_${caf_component}_LIBRARY)
    continue()
  endif()
  set(CAF_${caf_component}_FOUND TRUE)
  if(NOT TARGET CAF::${caf_component})
    add_library(CAF::${caf_component} UNKNOWN IMPORTED)
    set_target_properties(CAF::${caf_component} PROPERTIES
      IMPORTED_LOCATION "${CAF_${caf_component}_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}"
      INTERFACE_LINK_LIBRARIES "${caf_links_${caf_component}}")
  endif()
endforeach()

find_package_handle_standard_args(CAF
  REQUIRED_VARS CAF_INCLUDE_DIR VERSION_VAR CAF_VERSION HANDLE_COMPONENTS
  REASON_FAILURE_MESSAGE "On Debian: apt-get install libcaf-dev")
