// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// ArrayStationary::look(): what its registers and units hold at the end of a cycle.
#pragma once

#include "array_stationary.hpp"

namespace septet::emulation {

template <class Unit, template <class> class Mapping>
void ArrayStationary<Unit, Mapping>::look(Index cycle, Snapshot& snapshot) const {
  const TraceHeader& header = snapshot.header();
  for (const ScheduledFold& f : queue_.folds()) {
    if (!snapshot.add(f)) continue;
    snapshot.for_pes([&](Index h, Index w, PeTrace& pe) {
      look_at_stream(f, cycle - f.start - h - w, h * width_ + w, pe, header);
      const Index cell = h * width_ + w;
      if (row_in_chain(f, height_, cycle, h, w) >= 0 && chain_in_use_[cell]) {
        pe.chain = Snapshot::value(chain_[cell], header.preload);
      }
    });
    snapshot.for_rows([&](Index h, PortTrace& port) { look_left(f, cycle, h, port, header); });
    snapshot.for_cols([&](Index w, PortTrace* top, PortTrace& preload, PortTrace& store) {
      look_top(f, cycle - f.start - w, w, *top, header.sum);
      look_preload(f, cycle - (f.start - height_ + w), w, preload, header.preload);
      look_bottom(f, cycle - (f.start + height_ - 1 + w), w, store, header.sum);
    });
  }
}

template <class Unit, template <class> class Mapping>
void ArrayStationary<Unit, Mapping>::look_at_stream(const ScheduledFold& f, Index t, Index cell, PeTrace& pe,
                                                    const TraceHeader& header) const {
  if (t < 0 || t >= f.fold.steps) return;
  const Index h = cell / width_, w = cell % width_;
  const bool ws = plan_.is_ws(), kept = in_use_[cell] != 0, handed = flags_[cell] & kOperand;
  const TraceValue stays = Snapshot::value(stationary_[cell], header.preload, kept);
  const TraceValue moves = Snapshot::value(streamed_[cell], header.left, handed);
  pe.fold = f.number, pe.step = t;
  pe.a = ws ? stays : moves;
  pe.b = ws ? moves : stays;
  pe.sum = Snapshot::value(sum_[cell], header.sum, Map::sum(problem_, f.fold, w, t) != nullptr);
  if (!kept || !handed) return;
  const T weight = ws ? stationary_[cell] : streamed_[cell];
  pe.place = Map::place(problem_, f.fold, h, w, t);
  pe.action = turn_of(problem_, weight, pe.place);
}

template <class Unit, template <class> class Mapping>
void ArrayStationary<Unit, Mapping>::look_left(const ScheduledFold& f, Index cycle, Index h, PortTrace& port,
                                               const TraceHeader& header) const {
  const Index t = cycle - f.start - h, cell = h * width_;
  if (t < 0 || t >= f.fold.steps || !(flags_[cell] & kOperand)) return;
  port.value = Snapshot::value(streamed_[cell], header.left);
  port.fold = f.number, port.step = t;
  port.place = Map::place(problem_, f.fold, h, 0, t);
  (plan_.is_ws() ? port.place.m : port.place.n) = -1;
  port.injected = plan_.is_is() && is_injected(problem_, port.place.m, port.place.k);
}

template <class Unit, template <class> class Mapping>
void ArrayStationary<Unit, Mapping>::look_top(const ScheduledFold& f, Index t, Index w, PortTrace& port,
                                              const TraceNumber& number) const {
  if (t < 0 || t >= f.fold.steps || !f.step_has_sum(t) || Map::sum(problem_, f.fold, w, t) == nullptr) return;
  port.value = Snapshot::value(sum_feed_[w], number);
  port.fold = f.number, port.step = t;
  port.place = Map::place(problem_, f.fold, 0, w, t);
  port.place.k = -1;
}

template <class Unit, template <class> class Mapping>
void ArrayStationary<Unit, Mapping>::look_preload(const ScheduledFold& f, Index step, Index w, PortTrace& port,
                                                  const TraceNumber& number) const {
  if (step < 0 || step >= height_ || !chain_in_use_[w]) return;
  port.value = Snapshot::value(chain_[w], number);
  port.fold = f.number, port.step = step;
  port.place = Map::place(problem_, f.fold, height_ - 1 - step, w, 0);
  (plan_.is_ws() ? port.place.n : port.place.m) = -1;
  port.injected = plan_.is_ws() && is_injected(problem_, port.place.m, port.place.k);
}

template <class Unit, template <class> class Mapping>
void ArrayStationary<Unit, Mapping>::look_bottom(const ScheduledFold& f, Index t, Index w, PortTrace& port,
                                                 const TraceNumber& number) const {
  if (t < 0 || t >= f.fold.steps || Map::sum(problem_, f.fold, w, t) == nullptr) return;
  port.value = Snapshot::value(sum_[(height_ - 1) * width_ + w], number);
  port.fold = f.number, port.step = t;
  port.place = Map::place(problem_, f.fold, 0, w, t);
  port.place.k = -1;
}

}  // namespace septet::emulation
