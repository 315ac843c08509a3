#!/usr/bin/env bash
# vcd_readers.sh SEPTET FOLDER: VCDs of all seven dataflows through readers of other people's: the Python package vcdvcd,
# in a virtual environment in FOLDER, and GTKWave's converter where it is installed. Exit code 77: no vcdvcd to be had.
set -euo pipefail
septet=$1 folder=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=$folder/python/bin/python3
mkdir -p "$folder"
if ! "$python" -c 'import vcdvcd' 2>/dev/null; then
  # Once: the folder keeps it. Offline, pip gives up at once.
  python3 -m venv "$folder/python" &&
    "$folder/python/bin/pip" install --quiet --disable-pip-version-check --retries 0 --timeout 15 vcdvcd==2.6.0 || {
    echo "SKIPPED: the Python package vcdvcd 2.6.0 is not here and cannot be fetched. Not tested: that readers of other" \
      "people's (vcdvcd, GTKWave's vcd2fst) read the VCDs of all dataflows, and find C and every sum in them"
    exit 77
  }
fi
command -v vcd2fst >/dev/null || echo "no vcd2fst here: GTKWave's reader is not tested, vcdvcd is"
cd "$folder"
for dataflow in dOS dWS dIS sOS sWS sIS csOS; do
  for array in 4x4 1x5 5x1; do
    for timing in serial overlapped; do
      "$septet" emulate random:9x11,zeros=0.6,seed=5,dtype=s8 random:11x7,seed=6,dtype=s8 --dataflow $dataflow \
        --array $array --timing $timing -o C.npy --trace run.vcd >report.txt
      copy=()
      if command -v vcd2fst >/dev/null; then
        vcd2fst run.vcd run.fst >vcd2fst.txt && fst2vcd run.fst >copy.vcd
        copy=(copy.vcd)
      fi
      said=$("$python" "$here/vcd_readers.py" run.vcd C.npy "${copy[@]}")
      echo "$dataflow $array $timing: $said"
    done
  done
done
