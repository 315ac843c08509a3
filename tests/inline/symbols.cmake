# Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#
# cmake -DNM=nm -DBASE=a.o -DAUX=b.o -P symbols.cmake: no function of septet::fold or septet::detail may have one symbol
# in two files built for different instruction sets, or the linker would keep one copy and run it for both.
cmake_policy(VERSION 3.16)
foreach(side IN ITEMS BASE AUX)
  execute_process(COMMAND ${NM} --defined-only ${${side}} OUTPUT_VARIABLE text RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${NM} ${${side}} failed")
  endif()
  # Functions; data is constants.
  string(REGEX MATCHALL " [TW] [^ \n]*6septet(4fold|6detail)[^ \n]*" ${side}_symbols "${text}")
  list(LENGTH ${side}_symbols count)
  message(STATUS "${${side}}: ${count} symbols")
  if(count EQUAL 0)
    message(FATAL_ERROR "none in ${${side}}: this test looks for the wrong thing")
  endif()
endforeach()
foreach(symbol IN LISTS BASE_symbols)
  if(symbol IN_LIST AUX_symbols)
    message(SEND_ERROR "in both: ${symbol}")
  endif()
endforeach()
