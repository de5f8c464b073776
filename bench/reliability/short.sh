#!/bin/sh
# Runs the short forms of the trials that the gate runs, from a build (debug or release), and adds up which held.
set -u
cd "$(dirname "$0")/../.."
trials="artifacts/bin/CtfService.Trials/${1:-debug}/CtfService.Trials.dll"
[ -f "$trials" ] || { echo "There is no $trials. Build it first: dotnet build bench/CtfService.Trials"; exit 2; }
passed=0
failed=0
for trial in overload engine-faults hang-ups soak replay; do
  # Once more if it did not hold, as the gate does with tests: other programs may have had the processors.
  if dotnet "$trials" "$trial" --short || { echo "== again: $trial"; dotnet "$trials" "$trial" --short; }; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
done
echo "Trials!  - Failed: $failed, Passed: $passed"
[ "$failed" -eq 0 ]
