// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// How many threads a product takes. No bit of a result depends on it.
//
// The first of these that says something:
//   GemmOptions::threads          this call
//   set_threads(n)                this process
//   SEPTET_NUM_THREADS            in the environment; anything but a whole number from 1 to 1024 is an error
//   OMP_NUM_THREADS, or omp_set_num_threads() with another number than OpenMP began with
//   the CPUs that affinity allows this process, and the whole CPUs of its control group's quota
//
// One thread for small products, and within a parallel region of the caller's. Calls at the same time share the
// threads there are: the extra ones are handed out once, and who finds none runs on the thread it came with. After a
// fork the child computes on one thread until it asks for more, by set_threads() or GemmOptions::threads, because
// OpenMP runtimes do not survive a fork; then it starts threads of its own for every product.
#pragma once

#include "septet/status.hpp"

#include <type_traits>

namespace septet {

/// A caller's own way to run things side by side, instead of OpenMP: a thread pool, say.
///
///   septet::GemmOptions options;
///   auto on_pool = [&](int count, auto&& f) { pool.run(count, f); };   // f(0) … f(count - 1), and waits
///   options.parallel_for = septet::parallel_for(on_pool);
struct ParallelFor {
  /// Calls task(context, i) once for every i from 0 to count - 1, from any threads, in any order, one after the other
  /// if need be; returns when all have returned. Must not throw.
  void (*call)(void* user, int count, void (*task)(void* context, int i), void* context) = nullptr;
  void* user = nullptr;
};

/// Makes a ParallelFor of `f(int count, g)`, where g(int i) is to be called. f is a function object, a lambda say; it
/// is referred to, and has to outlive the product.
template <class F>
ParallelFor parallel_for(F& f) {
  static_assert(std::is_class_v<F>, "septet: parallel_for() takes a function object: put the function into a lambda");
  return {[](void* user, int count, void (*task)(void*, int), void* context) {
            (*static_cast<F*>(user))(count, [task, context](int i) { task(context, i); });
          },
          const_cast<void*>(static_cast<const void*>(&f))};
}

/// The most threads that products of this process use from now on, 1 to 1024: bad_option "n" otherwise.
SEPTET_API Status set_threads(int n);
/// Back to what the environment and the machine say; affinity and quota are looked up again.
SEPTET_API void reset_threads();
/// How many a large product would use now.
SEPTET_API int threads();

}  // namespace septet
