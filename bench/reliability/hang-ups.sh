#!/bin/sh
# Callers hang up at random moments beside others who wait; --short for 200 of them, --json FILE for the figures.
set -eu
exec dotnet run -c Release --project "$(dirname "$0")/../CtfService.Trials" -- hang-ups "$@"
