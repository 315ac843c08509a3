// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the shared library shows: everything else in it is hidden. For C and for C++.
#pragma once

#if defined(__GNUC__)
#define SEPTET_API __attribute__((visibility("default")))
#else
#define SEPTET_API
#endif
