@echo off
rem Installs Fermon into .venv if need be, then starts it. Needs Python 3.11 or newer, nothing else.
rem   start.bat --with-sources also installs the libraries of MQTT, OPC UA and Modbus sources.
setlocal
cd /d "%~dp0"

set "NEW_ENOUGH=import sys; sys.exit(sys.version_info < (3, 11))"
for %%P in (".venv\Scripts\python.exe" "py -3" "python" "python3") do (
    %%~P -c "%NEW_ENOUGH%" >nul 2>&1 && set "PYTHON=%%~P" && goto :found
)
echo Fermon needs Python 3.11 or newer, and found none. Install it from https://www.python.org, then start again.
exit /b 1

:found
%PYTHON% fermon_site\prepare.py requirements.lock %* || exit /b 1
.venv\Scripts\python.exe -m fermon_site.start
exit /b %ERRORLEVEL%
