# How this project's own targets are made: language level, warnings, compiler cache, linker; and
# troupe_add_room, troupe_add_tool, troupe_add_test. Not installed.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

find_program(TROUPE_CCACHE ccache)
if(TROUPE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without these, ccache refuses translation units that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${TROUPE_CCACHE}")
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()

find_program(TROUPE_MOLD mold)
find_program(TROUPE_LLD ld.lld)
if(TROUPE_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(TROUPE_LLD)
  add_link_options(-fuse-ld=lld)
endif()

# Compiler errors and warnings in colour when a person looks, as ninja runs the compiler through a pipe.
set(CMAKE_COLOR_DIAGNOSTICS ON)

function(troupe_set_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    # Designated initializers leave out on purpose what has a default.
    -Wno-missing-field-initializers
    # g++ 12 reports members of std::variant's other alternatives.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  if(TROUPE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# troupe_add_precompiled(<target> HEADERS <header>... [LINKS <target>...])
#
# A precompiled header for others to reuse (PRECOMPILED below). The compiler takes it only where the compile
# definitions and the warnings are the same, so link what the reusing targets link that has definitions.
function(troupe_add_precompiled target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;LINKS")
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp" CONTENT "")
  add_library(${target} OBJECT "${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp")
  target_link_libraries(${target} PRIVATE ${arg_LINKS})
  target_precompile_headers(${target} PRIVATE ${arg_HEADERS})
  troupe_set_warnings(${target})
endfunction()

# troupe_add_room(<room> HEADERS <file>... [SOURCES <file>...] [LINKS <target>...] [PRIVATE_LINKS <target>...]
#                 [PRECOMPILED <target>])
#
# The static library troupe_<room>, alias troupe::<room>, installed and exported. A room without sources
# is an interface library. LINKS may be used in the room's headers, PRIVATE_LINKS only in its sources.
# PRECOMPILED names the target whose precompiled header the room's sources start from.
function(troupe_add_room room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "PRECOMPILED" "HEADERS;SOURCES;LINKS;PRIVATE_LINKS")
  set(target troupe_${room})
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE_LINKS})
    troupe_set_warnings(${target})
    if(arg_PRECOMPILED)
      target_precompile_headers(${target} REUSE_FROM ${arg_PRECOMPILED})
    endif()
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(troupe::${room} ALIAS ${target})
  target_sources(${target} ${scope}
    FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/framework" FILES ${arg_HEADERS})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_link_libraries(${target} ${scope} ${arg_LINKS})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${room})
  if(NOT arg_PRECOMPILED)
    # Each header has to compile alone (tests/layering). CAF makes that 4 s a header: `tools/check headers`.
    set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  endif()
  install(TARGETS ${target} EXPORT troupe
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  set_property(GLOBAL APPEND PROPERTY TROUPE_ROOM_TARGETS ${target})
endfunction()

# troupe_add_tool(<executable> SOURCES <file>... [LINKS <target>...]): a program, in <build>/bin.
function(troupe_add_tool name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS})
  troupe_set_warnings(${name})
endfunction()

# troupe_add_test(<name> [SOURCES <file>...] [LINKS <target>...] [LABEL <unit|cluster|...>] [SECONDS <limit>]
#                 [SERIAL] [PRECOMPILED <target>])
#
# One doctest program, troupe_test_<name>, with the main of tests/main.cpp, registered as the ctest <name>.
# SECONDS is when ctest gives up (default 60). SERIAL: nothing else runs beside it, for tests that measure
# time or start many processes. What tests share is included as "routing/router_fixture.hpp". The
# environment has TROUPE_BIN_DIR (where the programs are) and TROUPE_SOURCE_DIR.
function(troupe_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "LABEL;SECONDS;PRECOMPILED" "SOURCES;LINKS")
  set(target troupe_test_${name})
  add_executable(${target} ${arg_SOURCES} $<TARGET_OBJECTS:troupe_test_main>)
  target_link_libraries(${target} PRIVATE ${arg_LINKS} doctest::doctest)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  troupe_set_warnings(${target})
  if(NOT arg_PRECOMPILED)
    set(arg_PRECOMPILED troupe_test_precompiled)
  endif()
  target_precompile_headers(${target} REUSE_FROM ${arg_PRECOMPILED})
  add_test(NAME ${name} COMMAND ${target})
  if(NOT arg_LABEL OR arg_LABEL STREQUAL "unit")
    # What `ctest -L unit` runs, and nothing else, is built by --target unit_tests.
    if(NOT TARGET unit_tests)
      add_custom_target(unit_tests)
    endif()
    add_dependencies(unit_tests ${target})
  endif()
  troupe_limit_test(${name} LABEL "${arg_LABEL}" SECONDS "${arg_SECONDS}")
  set_tests_properties(${name} PROPERTIES RUN_SERIAL ${arg_SERIAL}
    ENVIRONMENT "TROUPE_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};TROUPE_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
endfunction()

# troupe_limit_test(<name> LABEL <label> SECONDS <limit>): the two that every ctest has; unit and 60.
function(troupe_limit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;SECONDS" "")
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_SECONDS)
    set(arg_SECONDS 60)
  endif()
  set(seconds ${arg_SECONDS})
  if(TROUPE_TEST_PATIENCE)  # how many times as long, where it is built to be slow
    math(EXPR seconds "${arg_SECONDS} * ${TROUPE_TEST_PATIENCE}")
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${seconds})
endfunction()
