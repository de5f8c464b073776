#!/usr/bin/env bash
# split-layers.sh PUBLISHED LAYERS: parts what `dotnet publish` wrote into two image layers: packages (libtorch and the rest, half a gigabyte that changes with a
# version) and program (a megabyte that changes with every commit). Equal files must give an equal layer, so their time stamps are made equal, too.
set -euo pipefail
published=$1
layers=$2

mkdir -p "$layers/packages" "$layers/program"
shopt -s nullglob
mv "$published"/CtfService.* "$published"/appsettings*.json "$layers/program/"
mv "$published"/* "$layers/packages/"
find "$layers" -exec touch --date=@0 {} +
