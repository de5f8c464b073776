#!/bin/sh
# Starts that must fail: wrong options, bundles, devices and stores; each ends within 5 s. About five minutes; --short: one.
set -eu
exec dotnet run -c Release --project "$(dirname "$0")/../CtfService.Trials" -- starts "$@"
