# troupe_add_idl(<target> <file.capnp>... [IMPORT_DIRS <dir>...])
#
# Compiles Cap'n Proto schemas into <target>: cart.capnp gives cart.capnp.h (Cap'n Proto's own) and
# cart.troupe.hpp (service bases and client stubs). Both are included by the schema's path relative to the
# current source folder (by its file name where it lies elsewhere), also in targets that link this one.
# IMPORT_DIRS are searched for `import "/..."`, after Troupe's own schemas and before the system's.
#
#   find_package(troupe REQUIRED)
#   add_executable(cart cart.cpp)
#   troupe_add_idl(cart cart.capnp)
#   target_link_libraries(cart PRIVATE troupe::troupe)
#
# What a schema imports is found by reading it when CMake runs, as the schema compiler writes no dependency
# files; a change of any of these files runs CMake again.

# Where /troupe/annotations.capnp is: set by the installed package; else this is the source tree.
# A global property, as functions are visible in folders where the including one's variables are not.
if(NOT DEFINED TROUPE_IDL_DIR)
  cmake_path(ABSOLUTE_PATH CMAKE_CURRENT_LIST_DIR NORMALIZE OUTPUT_VARIABLE TROUPE_IDL_DIR)
  cmake_path(SET TROUPE_IDL_DIR NORMALIZE "${TROUPE_IDL_DIR}/../../idl")
endif()
set_property(GLOBAL PROPERTY TROUPE_IDL_DIR "${TROUPE_IDL_DIR}")

# The files that <file> imports or embeds, itself included, by the schema compiler's rules: "/x" is searched
# in <import_dirs>, everything else is relative. What is not found is the schema compiler's to report.
function(_troupe_idl_imports result file import_dirs)
  set(found)
  set(waiting "${file}")
  while(waiting)
    list(POP_FRONT waiting current)
    if(current IN_LIST found)
      continue()
    endif()
    list(APPEND found "${current}")
    cmake_path(GET current PARENT_PATH folder)
    file(STRINGS "${current}" lines REGEX "(import|embed)[ \t]*\"" ENCODING UTF-8)
    string(REGEX MATCHALL "(import|embed)[ \t]*\"[^\"]+\"" imports "${lines}")
    foreach(import IN LISTS imports)
      string(REGEX REPLACE "^.*\"([^\"]+)\"$" "\\1" name "${import}")
      if(name MATCHES "^/(.*)")
        list(TRANSFORM import_dirs APPEND "/${CMAKE_MATCH_1}" OUTPUT_VARIABLE candidates)
      else()
        set(candidates "${folder}/${name}")
      endif()
      foreach(candidate IN LISTS candidates)
        if(EXISTS "${candidate}")
          cmake_path(NORMAL_PATH candidate)
          list(APPEND waiting "${candidate}")
          break()
        endif()
      endforeach()
    endforeach()
  endwhile()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# The folder that the generated files' paths are relative to.
function(_troupe_idl_prefix result file)
  cmake_path(GET file PARENT_PATH prefix)
  foreach(root IN ITEMS "${CMAKE_CURRENT_BINARY_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
    cmake_path(IS_PREFIX root "${file}" NORMALIZE inside)
    if(inside)
      set(prefix "${root}")
      break()
    endif()
  endforeach()
  set(${result} "${prefix}" PARENT_SCOPE)
endfunction()

function(troupe_add_idl target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "IMPORT_DIRS")
  set(schemas ${arg_UNPARSED_ARGUMENTS})
  if(NOT TARGET ${target})
    message(FATAL_ERROR "troupe_add_idl: there is no target ${target}; add it first")
  endif()
  if(NOT schemas)
    message(FATAL_ERROR "troupe_add_idl(${target}): name at least one schema, such as cart.capnp")
  endif()
  find_program(CAPNP_EXECUTABLE capnp REQUIRED)
  find_program(CAPNPC_CXX_EXECUTABLE capnpc-c++ REQUIRED)

  get_property(import_dirs GLOBAL PROPERTY TROUPE_IDL_DIR)
  foreach(dir IN LISTS arg_IMPORT_DIRS)
    cmake_path(ABSOLUTE_PATH dir NORMALIZE)
    list(APPEND import_dirs "${dir}")
  endforeach()
  if(CAPNP_INCLUDE_DIRECTORY)
    list(APPEND import_dirs "${CAPNP_INCLUDE_DIRECTORY}")
  endif()
  list(TRANSFORM import_dirs PREPEND "-I" OUTPUT_VARIABLE import_options)

  set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}.idl")
  file(MAKE_DIRECTORY "${out}")
  # Nobody lints generated code, but clang-tidy wants one check left.
  file(CONFIGURE OUTPUT "${out}/.clang-tidy" CONTENT "Checks: '-*,llvm-twine-local'\n")

  foreach(schema IN LISTS schemas)
    cmake_path(ABSOLUTE_PATH schema NORMALIZE)
    if(NOT EXISTS "${schema}")
      message(FATAL_ERROR "troupe_add_idl(${target}): there is no ${schema}")
    endif()
    _troupe_idl_prefix(prefix "${schema}")
    cmake_path(RELATIVE_PATH schema BASE_DIRECTORY "${prefix}" OUTPUT_VARIABLE name)
    cmake_path(REMOVE_EXTENSION name LAST_ONLY OUTPUT_VARIABLE stem)
    _troupe_idl_imports(read "${schema}" "${import_dirs}")
    set(generated "${out}/${name}.h" "${out}/${stem}.troupe.hpp"
      "${out}/${name}.c++" "${out}/${stem}.troupe.cpp")
    # The plugin that may refuse goes first: then nothing is written.
    add_custom_command(
      OUTPUT ${generated}
      COMMAND "${CAPNP_EXECUTABLE}" compile "-o$<TARGET_FILE:troupe::capnpc-troupe>:${out}"
        "-o${CAPNPC_CXX_EXECUTABLE}:${out}" "--src-prefix=${prefix}" ${import_options} "${schema}"
      DEPENDS ${read} troupe::capnpc-troupe
      COMMENT "Compiling ${name}"
      VERBATIM)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${read})
    # A user's warnings and precompiled headers are not for generated code.
    set_source_files_properties(${generated} PROPERTIES
      COMPILE_OPTIONS -w SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
    target_sources(${target} PRIVATE ${generated})
  endforeach()
  target_include_directories(${target} SYSTEM PUBLIC "$<BUILD_INTERFACE:${out}>")
endfunction()
