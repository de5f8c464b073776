#!/bin/sh
# Full disk, read-only folder, deleted file, corrupt, absent and slow database while data sets are made, each for long and then 100 times for a moment.
# An hour and a half; --times 0: half an hour. Needs root and PostgreSQL; --json FILE.
set -eu
exec dotnet run -c Release --project "$(dirname "$0")/../CtfService.Trials" -- faults "$@"
