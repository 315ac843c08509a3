// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// ArrayOs::look(): what its registers and units hold at the end of a cycle.
#pragma once

#include "array_os.hpp"

namespace septet::emulation {

template <class Unit>
void ArrayOs<Unit>::look(Index cycle, Snapshot& snapshot) const {
  for (const ScheduledFold& f : queue_.folds()) {
    if (!snapshot.add(f)) continue;
    snapshot.for_pes([&](Index h, Index w, PeTrace& pe) {
      look_at_stream(f, cycle - f.start - h - w, h * width_ + w, pe, snapshot);
      look_at_chains(f, cycle, h, w, pe, snapshot.header().sum);
    });
    snapshot.for_rows([&](Index h, PortTrace& port) { look_left(f, cycle, h, port, snapshot.header()); });
    snapshot.for_cols([&](Index w, PortTrace* top, PortTrace& preload, PortTrace& store) {
      look_top(f, cycle, w, top, snapshot.header());
      look_at_sums(f, cycle, w, preload, store, snapshot.header().sum);
    });
  }
}

template <class Unit>
void ArrayOs<Unit>::look_at_stream(const ScheduledFold& f, Index t, Index cell, PeTrace& pe, Snapshot& snapshot) const {
  if (t < 0 || t >= f.fold.steps) return;
  const Index h = cell / width_, w = cell % width_;
  const TraceHeader& header = snapshot.header();
  const StepColumns ks = columns(f.fold, t);
  const bool weight = flags_[cell] & kWeight, there = b_there_[cell] != 0;
  pe.fold = f.number, pe.step = t;
  pe.lane = weight && lanes_ > 1 ? lane_[cell] : 0;
  pe.a = Snapshot::value(a_[cell], header.a, weight);
  pe.b = Snapshot::value(b_[cell * lanes_ + pe.lane], header.b, there);
  pe.sum = Snapshot::value(acc_[cell], header.sum, h < f.fold.m_count && w < f.fold.n_count);
  if (TraceValue* lanes = snapshot.lanes(pe); lanes != nullptr && there) {
    for (Index lane = 0; lane < ks.count; ++lane) {
      lanes[lane] = Snapshot::value(b_[cell * lanes_ + lane], header.b);
    }
  }
  if (!weight || !there) return;
  pe.place = {f.fold.m0 + h, f.fold.n0 + w, ks[pe.lane]};
  pe.action = turn_of(problem_, a_[cell], pe.place);
}

template <class Unit>
void ArrayOs<Unit>::look_at_chains(const ScheduledFold& f, Index cycle, Index h, Index w, PeTrace& pe,
                                   const TraceNumber& number) const {
  const auto in_use = [&](Index row) { return row >= 0 && row < f.fold.m_count && w < f.fold.n_count; };
  if (preload_ && in_use(row_in_chain(f, height_, cycle, h, w))) {
    pe.chain = Snapshot::value(chain_[h * width_ + w], number);
  }
  if (in_use(row_in_drain(f, height_, cycle, h, w))) pe.drain = Snapshot::value(drain_[h * width_ + w], number);
}

template <class Unit>
void ArrayOs<Unit>::look_left(const ScheduledFold& f, Index cycle, Index h, PortTrace& port,
                              const TraceHeader& header) const {
  const Index t = cycle - f.start - h, cell = h * width_;
  if (t < 0 || t >= f.fold.steps || !(flags_[cell] & kWeight)) return;
  port.value = Snapshot::value(a_[cell], header.a);
  port.lane = lanes_ > 1 ? lane_[cell] : 0;
  port.fold = f.number, port.step = t;
  port.place = {f.fold.m0 + h, -1, columns(f.fold, t)[port.lane]};
  port.injected = is_injected(problem_, port.place.m, port.place.k);
}

template <class Unit>
void ArrayOs<Unit>::look_top(const ScheduledFold& f, Index cycle, Index w, PortTrace* ports,
                             const TraceHeader& header) const {
  const Index t = cycle - f.start - w;
  if (t < 0 || t >= f.fold.steps || !b_feed_there_[w]) return;
  const StepColumns ks = columns(f.fold, t);
  for (Index lane = 0; lane < ks.count; ++lane) {
    ports[lane].value = Snapshot::value(b_feed_[w * lanes_ + lane], header.b);
    ports[lane].lane = static_cast<int>(lane);
    ports[lane].fold = f.number, ports[lane].step = t;
    ports[lane].place = {-1, f.fold.n0 + w, ks[lane]};
  }
}

// What enters the preload chain and what a store unit takes. The drain chain has shifted since: what was taken is read
// from where it was put.
template <class Unit>
void ArrayOs<Unit>::look_at_sums(const ScheduledFold& f, Index cycle, Index w, PortTrace& preload, PortTrace& store,
                                 const TraceNumber& number) const {
  if (w >= f.fold.n_count) return;
  const auto look = [&](Index step, const T& value, PortTrace& port) {
    const Index row = height_ - 1 - step;
    if (step < 0 || step >= height_ || row >= f.fold.m_count) return;
    port.value = Snapshot::value(value, number);
    port.fold = f.number, port.step = step;
    port.place = {f.fold.m0 + row, f.fold.n0 + w, -1};
  };
  if (preload_) look(cycle - (f.start - height_ + w), chain_[w], preload);
  const Index taken = cycle - (f.end() + height_ - 1 + w);
  const Index row = std::min(std::max<Index>(height_ - 1 - taken, 0), f.fold.m_count - 1);
  look(taken, problem_.sum(f.fold.m0 + row, f.fold.n0 + w), store);
}

}  // namespace septet::emulation
