#!/usr/bin/env bash
# onnx_test.sh SEPTET FOLDER: the converter of ONNX models, with the Python packages onnx and numpy in a virtual
# environment in FOLDER; if onnxruntime is there, it is asked, too. Exit code 77: they are not to be had.
set -euo pipefail
septet=$1 folder=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=$folder/python/bin/python3
mkdir -p "$folder"
if ! "$python" -c 'import onnx, numpy' 2>/dev/null; then
  # Once: the folder keeps it. Offline, pip gives up at once.
  python3 -m venv "$folder/python" &&
    "$folder/python/bin/pip" install --quiet --disable-pip-version-check --retries 0 --timeout 15 onnx==1.23.2 numpy || {
    echo "SKIPPED: the Python packages onnx 1.23.2 and numpy are not here and cannot be fetched. Not tested:" \
      "scripts/onnx_to_index.py, against ONNX's reference evaluator"
    exit 77
  }
fi
rm -rf "$folder/models"
mkdir "$folder/models"
"$python" "$here/onnx_test.py" "$septet" "$folder/models"
rm -rf "$folder/models"
mkdir "$folder/models"
"$python" "$here/onnxruntime_test.py" "$septet" "$folder/models"
