// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "src/threads.hpp"

#include <exception>
#include <vector>

namespace septet::network::pruning {

/// f(i) for i = 0 … count - 1 on all threads. Throws what the first i has thrown.
template <class F>
void side_by_side(std::size_t count, const F& f) {
  constexpr Index kMuch = Index{1} << 40;  // each is worth a thread
  const auto threads = static_cast<std::size_t>(detail::thread_count({}, kMuch));
  std::vector<std::exception_ptr> thrown(count);
  detail::SharedItems items(static_cast<Index>(count));
  detail::run_team({}, static_cast<int>(count < threads ? std::max<std::size_t>(count, 1) : threads),
                   [&](int /*worker*/) {
                     items.for_each([&](Index i) {
                       try {
                         f(static_cast<std::size_t>(i));
                       } catch (...) {
                         thrown[static_cast<std::size_t>(i)] = std::current_exception();
                       }
                     });
                   });
  for (const std::exception_ptr& error : thrown) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace septet::network::pruning
