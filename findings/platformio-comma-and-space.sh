#!/usr/bin/env bash
# Guess: `build_flags = -DPINS={1, 2}` defines PINS as {1, 2}; quotes around it keep it together in any case.
# Seen: PlatformIO 6.2.0 splits the value of a list option at each comma with a space, inside quotes, too. The comma is lost, and the
#   flags are -DPINS={1 and 2}. If the value has a second line, it splits at line ends only, and the comma stays.
# Why it matters: the same flag works or fails by whether another flag stands below it.
. "$(dirname "$0")/prepare"
python_packages platformio==6.2.0
printf '[env:a]\nbuild_flags = -DPINS={1, 2}\n[env:b]\nbuild_flags = -DPINS="{1, 2}"\n' >platformio.ini
printf '[env:c]\nbuild_flags = -DPINS="{1, 2}"\n  -DX\n' >>platformio.ini
expect "flags: plain, with quotes, with a second line" "$("$python" - <<'P'
from platformio.project.config import ProjectConfig

config = ProjectConfig("platformio.ini")
print(*(config.get(f"env:{name}", "build_flags") for name in "abc"))
P
)" "['-DPINS={1', '2}'] ['-DPINS=\"{1', '2}\"'] ['-DPINS=\"{1, 2}\"', '-DX']"
