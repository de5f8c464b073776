@echo off
rem Runs the command-line tool from any folder; builds it first if it does not exist: ctf generate --class banana
setlocal
set "program=%~dp0artifacts\bin\CtfService.Cli\release\ctf.dll"
if not exist "%program%" dotnet build "%~dp0src\CtfService.Cli" -c Release -v quiet -nologo -clp:NoSummary 1>&2 || exit /b 1
dotnet "%program%" %*
