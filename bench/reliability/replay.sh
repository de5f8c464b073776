#!/bin/sh
# Replays 500 requests alone, together, in another order, under load, in other processes and on every vector width. About ten minutes; --short: one.
set -eu
exec dotnet run -c Release --project "$(dirname "$0")/../CtfService.Trials" -- replay "$@"
