// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Built with -mavx2 -mfma.
#include "headeronly-inl.h"

HeaderOnlyResult headeronly_aux() { return result(); }
