#!/usr/bin/env bash
# Guess: pyserial-labgrid, which labgrid 26.0.1 installs, is a package beside pyserial, with a name of its own.
# Seen: pyserial-labgrid 3.5.0.2 writes into the same folder `serial`. After it, `import serial` is the fork, while pip lists pyserial
#   3.5, too. Uninstalling the fork removes the files of both: pip still lists pyserial, and the import has no Serial.
# Why it matters: who tries labgrid in the environment of a flasher changes the flasher's serial ports, and loses them afterwards.
. "$(dirname "$0")/prepare"
python_packages pyserial==3.5
python="$work/venv/bin/python"
version() { (cd / && "$python" -c 'import serial; print(serial.__version__)' 2>/dev/null) || echo none; }
listed() { "$python" -m pip list --disable-pip-version-check 2>/dev/null | grep -ci '^pyserial '; }
expect "version of serial" "$(version)" 3.5
"$python" -m pip install -q --disable-pip-version-check pyserial-labgrid==3.5.0.2
expect "with pyserial-labgrid: version of serial, pip lists pyserial" "$(version) $(listed)" "3.5.0.2 1"
"$python" -m pip uninstall -q -y pyserial-labgrid 2>/dev/null
expect "after its removal: version of serial, pip lists pyserial" "$(version) $(listed)" "none 1"
