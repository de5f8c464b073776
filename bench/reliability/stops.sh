#!/bin/sh
# SIGTERM at random moments, also twice: every request is answered, jobs go on. About ten minutes; --short: one.
set -eu
exec dotnet run -c Release --project "$(dirname "$0")/../CtfService.Trials" -- stops "$@"
