# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0

# What every target of the project is compiled with.
function(septet_settings target)
  target_compile_features(${target} PUBLIC cxx_std_17)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  # Contraction would fuse what the contract rounds twice.
  target_compile_options(${target} PRIVATE -ffp-contract=off -Wall -Wextra $<$<BOOL:${SEPTET_WERROR}>:-Werror>)
  if(SEPTET_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
  if(SEPTET_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# Tests in place of septet_settings(): compiling them at -O3 takes three times as long as at -Og, and longer than running
# them. The library in them is compiled as ever; so is what they link of it, whose debug information is for abidiff and
# stays out.
function(septet_test_settings target)
  septet_settings(${target})
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-Og>)
  if(SEPTET_ABI_CHECK)
    target_link_options(${target} PRIVATE LINKER:--strip-debug)
  endif()
endfunction()

# septet_precompile(target header …): compiled once for all files of the target, which include what they need all the
# same: the preset clang does without. All are compiled with the same options (GCC 12 fails on a file of others), and no
# header brings a name that a call of ours may mean (<iomanip>, and what includes it: std::quoted).
function(septet_precompile target)
  if(SEPTET_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()
