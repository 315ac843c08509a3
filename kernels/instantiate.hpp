// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// Makes `Table name(std::int64_t target)` out of the functions `name` that were compiled once per target.
#pragma once

#include "kernels/strip.hpp"

/// In namespace septet::kernels, under HWY_ONCE.
#define SEPTET_EXPORT_TABLE(Table, name)                                            \
  HWY_EXPORT(name);                                                                 \
  Table name(std::int64_t target);                                                  \
  Table name(std::int64_t target) {                                                 \
    /* An own ChosenTarget: the process-wide one belongs to other Highway users. */ \
    hwy::ChosenTarget chosen;                                                       \
    chosen.Update(target);                                                          \
    return HWY_DISPATCH_TABLE(name)[chosen.GetIndex()]();                           \
  }
#define SEPTET_EXPORT_ARITHMETIC(name) SEPTET_EXPORT_TABLE(KernelSet, name)
