#!/bin/sh
# Sends all kinds of requests for an hour while faults of the engine happen, and watches what the process holds. --short: half a minute.
set -eu
exec dotnet run -c Release --project "$(dirname "$0")/../CtfService.Trials" -- soak "$@"
