# Run by the ctest `package`: what a user of an installed Troupe does, step by step. The prefix and the
# outside build start empty each time, so that nothing left over makes it pass.
cmake_minimum_required(VERSION 3.25)

set(prefix "${scratch}/prefix")
set(outside_build "${scratch}/outside")
file(REMOVE_RECURSE "${prefix}" "${outside_build}")

function(step)
  list(JOIN ARGN " " line)
  message(STATUS "${line}")
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

step("${CMAKE_COMMAND}" --install "${build}" --prefix "${prefix}")

set(ENV{PKG_CONFIG_PATH} "${prefix}/${libdir}/pkgconfig:$ENV{PKG_CONFIG_PATH}")
step("${CMAKE_COMMAND}" -S "${outside}" -B "${outside_build}" -G "${generator}"
  "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_COMPILER=${compiler}" "-DCMAKE_CXX_FLAGS=${flags}"
  "-DCMAKE_BUILD_TYPE=Debug")
step("${CMAKE_COMMAND}" --build "${outside_build}")
step("${outside_build}/pkg_config_user")
step("${outside_build}/cart")
