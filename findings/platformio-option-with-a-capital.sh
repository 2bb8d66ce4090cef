#!/usr/bin/env bash
# Guess: `custom_Level = 5` in platformio.ini is read by GetProjectOption("custom_Level", "1"), and gives 5.
# Seen: PlatformIO 6.2.0 gives "1", the default, without a warning: names are kept in small letters and compared as they are
#   written. Without a default it gives 5, and so does the name in small letters.
# Why it matters: a build script with such a name runs, and ignores each user's setting.
. "$(dirname "$0")/prepare"
python_packages platformio==6.2.0
printf '[env:stm8]\ncustom_Level = 5\n' >platformio.ini
expect "as written with a default, in small letters, as written without a default" "$("$python" - <<'P'
from platformio.project.config import ProjectConfig

config = ProjectConfig("platformio.ini")
print(config.get("env:stm8", "custom_Level", "1"), config.get("env:stm8", "custom_level", "1"), config.get("env:stm8", "custom_Level"))
P
)" "1 5 5"
