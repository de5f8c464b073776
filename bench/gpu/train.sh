#!/bin/sh
# Checks and measures trainings on a GPU, in about a quarter of an hour:
#   bench/gpu/train.sh                             sizes B and L on the first CUDA device
#   bench/gpu/train.sh --size L --memory 40        another size, for a device with less memory
#   bench/gpu/train.sh --device cpu --size tiny    the same code on the CPU, in seconds
# It compares the losses of 50 steps in float32 with the CPU's (at most 1 % apart), prints images/s and the share of the device's peak with batches of 256,
# the measured peak of memory beside the planned one, and trains the last size for ten minutes to see whether memory grows. Ends with 1 if a check fails.
# All options are those of 'ctf bench training'. CTF names another program than that of this working tree.
set -eu

cd "$(dirname "$0")/../.."
backend=cuda
device='--device cuda'
length='--minutes 10'
before=
for word in "$@"; do
  case "$before $word" in
    '--device cpu') backend=cpu ;;
    '--size tiny') length='--batch 16 --steps 20 --compare-steps 20 --minutes 0.05' ;;
  esac
  if [ "$word" = --device ]; then device=; fi
  before=$word
done

if [ -n "${CTF:-}" ]; then
  exec $CTF bench training $device $length "$@"
fi

exec dotnet run -c Release -p:TorchBackend=$backend --project src/CtfService.Cli -- bench training $device $length "$@"
