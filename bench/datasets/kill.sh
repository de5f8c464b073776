#!/usr/bin/env bash
# Kills `ctf dataset` (SIGKILL) at random moments, starts it again until it is done, and compares every file with that of an undisturbed run.
#   bench/datasets/kill.sh [KILLS] [IMAGES_PER_CLASS] [FORMAT] [other options of ctf dataset]
# Default: 20 kills, 500 images of each class, webdataset. The moments are spread over the time that the undisturbed run takes.
set -euo pipefail
cd "$(dirname "$0")/../.."
kills=${1:-20} per_class=${2:-500} format=${3:-webdataset}
shift $(($# < 3 ? $# : 3))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
./ctf --version >/dev/null # builds it
program=(dotnet artifacts/bin/CtfService.Cli/release/ctf.dll dataset --per-class "$per_class" --format "$format" "$@")

started=$SECONDS
"${program[@]}" --output "$work/undisturbed" >/dev/null 2>&1
undisturbed=$((SECONDS - started))
echo "undisturbed: $undisturbed s"

RANDOM=17 killed=0 started=$SECONDS
until [ "$killed" -eq "$kills" ]; do
  "${program[@]}" --output "$work/killed" >/dev/null 2>&1 &
  # From 0 to twice the even share of the time, in milliseconds; starting and loading takes about a second of each life.
  sleep "$(awk -v r="$RANDOM" -v s="$undisturbed" -v k="$kills" 'BEGIN { printf "%.3f", 1 + 2 * r / 32768 * s / k }')"
  if kill -9 $! 2>/dev/null; then
    killed=$((killed + 1))
    wait $! 2>/dev/null || true
  else
    wait $!
    echo "done before kill $((killed + 1))"
    break
  fi
done
"${program[@]}" --output "$work/killed" >/dev/null 2>&1
echo "killed $killed times: $((SECONDS - started)) s"
diff -r "$work/undisturbed" "$work/killed" && echo "all files are equal: $(find "$work/killed" -type f | wc -l)"
