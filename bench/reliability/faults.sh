#!/bin/sh
# Faults of the engine under load, slow clients, a clock that is set, files that vanish, logs that cannot be written, hangs. An hour; --short: a minute.
set -eu
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -H -n)"
cd "$(dirname "$0")/../.."
exec dotnet run -c Release --project bench/CtfService.Trials -- engine-faults "$@"
