// Copyright (c) The Septet authors. SPDX-License-Identifier: Apache-2.0
//
// network under the arithmetic of real arrays: the CPU and the array have the same bits, those of full sums or others.
#include "network_model.hpp"

#include <filesystem>

namespace septet::cli::test {

TEST_CASE("cli: network under another arithmetic: CPU and array agree, layer by layer") {
  int different = 0;
  for (const std::uint64_t seed : {51, 52, 53, 54, 55, 56}) {
    const Model model(seed);
    const Folder& folder = model.folder;
    folder.works("network net --input x.npy --record full");
    for (const std::string arithmetic :
         {"--accumulate fold", "--accumulate fold --accumulator s16 --fold-accumulator s16,clamp", "--accumulator s16",
          "--accumulator s17,clamp", "--preset gemmini --array 4x4", "--preset flexisaga", "--mac unfused",
          "--accumulate fold --accumulator s16 --weights sparse", "--accumulator s16 --dataflow sWS"}) {
      CAPTURE(seed);
      CAPTURE(arithmetic);
      const std::string given = "network net --input x.npy --array 5x3 " + arithmetic;
      folder.works(given + " --record rec");
      folder.works(given + " --executor array --compare rec");
      const Outcome outcome = folder.septet(given + " --compare full");
      CHECK((outcome.code == 0 || outcome.code == 1));
      different += outcome.code;
      std::filesystem::remove_all(folder.path("rec"));
    }
    for (const char* full : {"--accumulate fold", "--mac unfused", "--preset flexisaga"}) {
      folder.works("network net --input x.npy --compare full " + std::string(full));  // integers: no order, no rounding
    }
  }
  CHECK_MESSAGE(different > 0, "no narrow sum was ever too narrow");
}

TEST_CASE("cli: network refuses an arithmetic that its types do not have") {
  const Model model(57);
  const Folder& folder = model.folder;
  const std::vector<std::string> before = folder.list();
  const std::string run = "network net --input x.npy -o y.npy --json r.json ";
  folder.refused(run + "--accumulator f16", "--accumulator", "are s16 to s32");
  folder.refused(run + "--fold-accumulator s16", "--fold-accumulator", "needs --accumulate fold");
  folder.refused(run + "--accumulate fold --fold-accumulator f32", "--fold-accumulator", "are s16 to s32");
  folder.refused(run + "--accumulate twice", "--accumulate", "'twice'");
  folder.refused(run + "--preset tpu", "--preset", "tpu");
  folder.refused(run + "--preset inference-card-fp16 --array 8x8", "--preset inference-card-fp16", "folds of 128");
  folder.refused(run + "--preset inference-card-fp16", "--preset inference-card-fp16", "");
  folder.refused(run + "--accumulate fold --dataflow dOS", "--accumulate", "dOS has no fold-then-add");
  folder.refused(run + "--runs 2 --accumulator s16", "--runs", "is of the CPU's own way");
  folder.write("t.csv", "Layer, M, N, K\nfirst, 3, 4, 5\n");
  folder.refused("network t.csv --accumulator f16", "--accumulator", "sums of s8 are s16 to s32");
  std::filesystem::remove(folder.path("t.csv"));
  CHECK(folder.list() == before);
}

}  // namespace septet::cli::test
