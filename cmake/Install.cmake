# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#
# Headers, library, command, and what finds them: find_package(septet) and pkg-config. The installed folder may be
# moved: every path in it is relative, unless the CMAKE_INSTALL_…DIR given are absolute.
option(SEPTET_INSTALL "Have install rules" ${PROJECT_IS_TOP_LEVEL})
if(NOT SEPTET_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)

# A shared library stands alone. A static one needs to be linked with OpenMP, Highway and the C++ library, also by
# programs in C; a Highway built with us is not installed, so its objects go into ours.
if(BUILD_SHARED_LIBS)
  set(septet_find_dependencies "")
  set(septet_pc_requires "")
  set(septet_pc_libs "")
else()
  # Its own language for projects that do not have it: CMake then links with the C++ compiler.
  set(septet_find_dependencies "enable_language(CXX)\nfind_dependency(OpenMP COMPONENTS CXX)")
  set(septet_pc_libs ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
  list(FILTER septet_pc_libs INCLUDE REGEX "^(stdc\\+\\+|c\\+\\+|c\\+\\+abi|m)$")
  list(REMOVE_DUPLICATES septet_pc_libs)
  list(TRANSFORM septet_pc_libs PREPEND -l)
  list(JOIN septet_pc_libs " " septet_pc_libs)
  string(PREPEND septet_pc_libs "${OpenMP_CXX_FLAGS} ")
  get_target_property(septet_hwy_imported hwy::hwy IMPORTED)
  if(septet_hwy_imported)
    string(APPEND septet_find_dependencies "\nfind_dependency(hwy)")
    set(septet_pc_requires libhwy)
    target_link_libraries(septet PRIVATE $<INSTALL_INTERFACE:hwy::hwy>)
  else()
    set(septet_pc_requires "")
    target_sources(septet PRIVATE $<TARGET_OBJECTS:hwy::hwy>)
  endif()
endif()

install(TARGETS septet septet_headers EXPORT septetTargets)
install(DIRECTORY include/septet DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(septet_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/septet)
install(EXPORT septetTargets NAMESPACE septet:: DESTINATION ${septet_cmake_dir})
configure_package_config_file(cmake/septetConfig.cmake.in septetConfig.cmake INSTALL_DESTINATION ${septet_cmake_dir})
write_basic_package_version_file(septetConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/septetConfig.cmake ${PROJECT_BINARY_DIR}/septetConfigVersion.cmake
        DESTINATION ${septet_cmake_dir})

# Sets `result` to the way from the folder `from` to the folder `to`, both relative to the prefix; "" if one is not.
function(septet_way result from to)
  set(way "")
  if(NOT IS_ABSOLUTE "${from}" AND NOT IS_ABSOLUTE "${to}")
    file(RELATIVE_PATH way "/prefix/${from}" "/prefix/${to}")
    string(REGEX REPLACE "/$" "" way "${way}")
  endif()
  set(${result} "${way}" PARENT_SCOPE)
endfunction()

function(septet_pc_dir result dir)
  if(IS_ABSOLUTE "${dir}")
    set(${result} "${dir}" PARENT_SCOPE)
  else()
    set(${result} "\${prefix}/${dir}" PARENT_SCOPE)
  endif()
endfunction()

septet_way(septet_pc_prefix ${CMAKE_INSTALL_LIBDIR}/pkgconfig .)
if(septet_pc_prefix)
  string(PREPEND septet_pc_prefix "\${pcfiledir}/")
else()
  set(septet_pc_prefix ${CMAKE_INSTALL_PREFIX})
endif()
septet_pc_dir(septet_pc_libdir ${CMAKE_INSTALL_LIBDIR})
septet_pc_dir(septet_pc_includedir ${CMAKE_INSTALL_INCLUDEDIR})
configure_file(cmake/septet.pc.in septet.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/septet.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET septet_cli)
  septet_way(septet_rpath ${CMAKE_INSTALL_BINDIR} ${CMAKE_INSTALL_LIBDIR})
  if(septet_rpath)
    set_target_properties(septet_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${septet_rpath}")
  endif()
  install(TARGETS septet_cli)
endif()
