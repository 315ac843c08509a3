// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// What the tests of networks in files share.
#pragma once

#include "io_test_support.hpp"
#include "septet/network/network.hpp"

namespace septet::io::test {

/// The weights of a step; null where it has none.
const network::Linear* linear_of(const network::Step& step);

/// Checks that two networks are the same but for names of constants, in every bit.
void check_same(const network::Network& left, const network::Network& right);

/// A small valid network in which every operator appears, with constants of all types.
network::Network every_operator();

}  // namespace septet::io::test
