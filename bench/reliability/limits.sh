#!/bin/sh
# Runs the service with one processor and 1 GiB to 128 MiB of memory under callers who want much of it. Five minutes. Needs root and control groups.
set -eu
exec dotnet run -c Release --project "$(dirname "$0")/../CtfService.Trials" -- limits "$@"
