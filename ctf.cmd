@echo off
rem Runs the command-line tool from any folder, and builds it if that was not done: ctf generate --class banana
setlocal
set "program=%~dp0artifacts\bin\CtfService.Cli\release\ctf.dll"
if not exist "%program%" dotnet build "%~dp0src\CtfService.Cli" -c Release -v quiet -nologo -clp:NoSummary 1>&2 || exit /b 1
dotnet "%program%" %*
