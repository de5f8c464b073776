#!/bin/sh
# All checks that need a GPU, in one run of some minutes. Run it on a machine with a CUDA device and its driver:
#   bench/gpu/run.sh                the GPU build of libtorch, models/fruits-64
#   bench/gpu/run.sh --cpu          the same code on the CPU with small sizes, to see that it works
#   bench/gpu/run.sh [--cpu] FOLDER another bundle
set -eu

cd "$(dirname "$0")/../.."
backend=cuda
if [ "${1:-}" = --cpu ]; then
  backend=cpu
fi

exec dotnet run -c Release -p:TorchBackend=$backend --project bench/CtfService.Benchmarks -- gpu "$@"
