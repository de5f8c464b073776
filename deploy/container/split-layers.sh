#!/usr/bin/env bash
# split-layers.sh PUBLISHED LAYERS: splits the output of `dotnet publish` into two image layers: packages (libtorch and others, 0.5 GB, changes with package
# versions) and program (7 MB, changes with every commit). Timestamps are set to a constant, so that equal files give an equal layer.
set -euo pipefail
published=$1
layers=$2

mkdir -p "$layers/packages" "$layers/program"
shopt -s nullglob
mv "$published"/CtfService.* "$published"/appsettings*.json "$published"/wwwroot "$layers/program/"
mv "$published"/* "$layers/packages/"
find "$layers" -exec touch --date=@0 {} +
