# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#
# System packages first (Debian 12's versions are the minimum); where one is missing or older, its pinned source.
#
#   -DCMAKE_DISABLE_FIND_PACKAGE_<package>=ON       takes the source although the system has the package
#   -DFETCHCONTENT_SOURCE_DIR_<PACKAGE>=<folder>    takes the source from a folder, without a download
include(FetchContent)

# septet_dependency(package minimum target repository commit): afterwards there is `target`. A source is built as a
# static library that can be linked into ours and shows nothing through it, and is never installed with us. The commit
# is fetched alone: a pin by hash and a whole history do not go together with a quick start.
function(septet_dependency package minimum target repository commit)
  if(TARGET ${target})  # a parent project brought it
    return()
  endif()
  find_package(${package} ${minimum} QUIET)
  foreach(version IN LISTS ${package}_CONSIDERED_VERSIONS)  # a newer major version says no to an older minimum
    if(NOT ${package}_FOUND AND version VERSION_GREATER minimum)
      find_package(${package} ${version} EXACT QUIET)
    endif()
  endforeach()
  if(TARGET ${target})
    set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL TRUE)  # a parent project links what we link
    return()
  endif()
  message(STATUS "septet: no system package ${package} >= ${minimum}, taking its source from ${repository}")

  set(BUILD_SHARED_LIBS OFF)
  set(BUILD_TESTING OFF)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  set(CMAKE_CXX_VISIBILITY_PRESET hidden)
  set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)  # their option()s and their cache entries heed our variables
  set(CMAKE_POLICY_DEFAULT_CMP0126 NEW)
  set(CMAKE_POLICY_VERSION_MINIMUM 3.5)  # some ask for versions that CMake 4 no longer knows
  set(CMAKE_MESSAGE_LOG_LEVEL WARNING)
  FetchContent_Declare(${package}
    DOWNLOAD_COMMAND git init --quiet <SOURCE_DIR>
    COMMAND git -C <SOURCE_DIR> fetch --quiet --depth 1 ${repository} ${commit}
    COMMAND git -C <SOURCE_DIR> -c advice.detachedHead=false checkout --quiet --force ${commit})
  FetchContent_MakeAvailable(${package})

  string(TOLOWER ${package} name)
  set_property(DIRECTORY ${${name}_SOURCE_DIR} PROPERTY EXCLUDE_FROM_ALL ON)  # its install rules too
  if(NOT TARGET ${target})
    add_library(${target} ALIAS ${package})
  endif()
  get_target_property(actual ${target} ALIASED_TARGET)
  if(NOT actual)
    set(actual ${target})
  endif()
  get_target_property(directories ${actual} INTERFACE_INCLUDE_DIRECTORIES)
  set_target_properties(${actual} PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${directories}")
endfunction()

find_package(OpenMP REQUIRED COMPONENTS CXX)
set_target_properties(OpenMP::OpenMP_CXX PROPERTIES IMPORTED_GLOBAL TRUE)

set(HWY_ENABLE_TESTS OFF)
set(HWY_ENABLE_EXAMPLES OFF)
set(HWY_ENABLE_CONTRIB OFF)
septet_dependency(hwy 1.0.3 hwy::hwy https://github.com/google/highway.git
                  ba0900a4957b929390ab73827235557959234fea)  # 1.0.7

if(SEPTET_BUILD_CLI OR SEPTET_BUILD_TESTS OR SEPTET_BUILD_BENCH)
  set(JSON_BuildTests OFF)
  set(CLI11_BUILD_TESTS OFF)
  set(CLI11_BUILD_EXAMPLES OFF)
  set(CLI11_BUILD_DOCS OFF)
  septet_dependency(fmt 9.1 fmt::fmt https://github.com/fmtlib/fmt.git
                    a33701196adfad74917046096bf5a2aa0ab0bb50)  # 9.1.0
  septet_dependency(CLI11 2.1 CLI11::CLI11 https://github.com/CLIUtils/CLI11.git
                    291c58789c031208f08f4f261a858b5b7083e8e2)  # 2.3.2
  septet_dependency(nlohmann_json 3.11 nlohmann_json::nlohmann_json https://github.com/nlohmann/json.git
                    bc889afb4c5bf1c0d8ee29ef35eaaf4c8bef8a5d)  # 3.11.2
endif()
if(SEPTET_BUILD_TESTS)
  set(DOCTEST_WITH_TESTS OFF)
  set(DOCTEST_WITH_MAIN_IN_STATIC_LIB OFF)
  septet_dependency(doctest 2.4.9 doctest::doctest https://github.com/doctest/doctest.git
                    ae7a13539fb71f270b87eb2e874fbac80bc8dda2)  # 2.4.11
  septet_dependency(xsimd 8.1 xsimd https://github.com/xtensor-stack/xsimd.git
                    1577b02d549cca52aa5e943c16f2600950480289)  # 8.1.0
  get_target_property(xsimd_imported xsimd IMPORTED)
  if(xsimd_imported AND NOT TARGET xtl)  # Debian 12's target links this package, neither needing nor requiring it
    set_target_properties(xsimd PROPERTIES INTERFACE_LINK_LIBRARIES "")
  endif()
endif()
if(SEPTET_BUILD_BENCH)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_GTEST_TESTS OFF)
  set(BENCHMARK_ENABLE_WERROR OFF)
  septet_dependency(benchmark 1.7 benchmark::benchmark https://github.com/google/benchmark.git
                    d572f4777349d43653b21d6c2fc63020ab326db2)  # 1.7.1
endif()
