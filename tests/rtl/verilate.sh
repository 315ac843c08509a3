#!/usr/bin/env bash
# verilate.sh FOLDER PREFIX VERILATOR_ARGUMENT ...: C++ of a model in FOLDER, and FOLDER/all.cpp, which includes all of it.
set -euo pipefail
folder=$1 prefix=$2
shift 2
rm -rf "$folder" # no file of another version of the RTL, whose names have other hashes
mkdir -p "$folder"
verilator --cc --prefix "$prefix" --Mdir "$folder" "$@"
{
  echo "#include \"$folder/$prefix.h\""
  for file in "$folder/$prefix"*.cpp; do echo "#include \"$file\""; done
} >"$folder/all.cpp.new"
mv "$folder/all.cpp.new" "$folder/all.cpp"
