// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Everything but the header-only templates under septet/inline/.
#pragma once

#include "septet/emulation/cycles.hpp"
#include "septet/emulation/emulate.hpp"
#include "septet/emulation/energy.hpp"
#include "septet/emulation/memory_image.hpp"
#include "septet/explain.hpp"
#include "septet/gemm.hpp"
#include "septet/packed_file.hpp"
#include "septet/presets.hpp"
