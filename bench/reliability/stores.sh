#!/bin/sh
# Full disk, read-only folder, deleted file, corrupt, absent and slow database while a data set is made; needs root and PostgreSQL; --json FILE.
set -eu
exec dotnet run -c Release --project "$(dirname "$0")/../CtfService.Trials" -- faults "$@"
