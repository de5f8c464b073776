#!/bin/sh
# Sends the service half of its capacity to five times as much; --short for a minute, --json FILE for the figures.
set -eu
exec dotnet run -c Release --project "$(dirname "$0")/../CtfService.Trials" -- overload "$@"
