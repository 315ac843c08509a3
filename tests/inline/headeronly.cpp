// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Built with the platform's plain flags.
#include "headeronly-inl.h"

HeaderOnlyResult headeronly_base() { return result(); }
