#!/usr/bin/env bash
# Guess: `build_flags = -DFORMAT="%d"` is taken as it stands; only ${...} is special in platformio.ini.
# Seen: PlatformIO 6.2.0 refuses the value: "'%' must be followed by '%' or '('". It names neither line nor option. `pio project config
#   --lint` prints it, too, and exits with 0. `%%` is one percent sign, and `%(platform)s` the value of `platform`.
# Also seen: `${platform}` stays as it stands, without a message. It needs a section: `${this.platform}`. `$$` does not protect it.
# Why it matters: a format for printf, or a share in percent, ends the build with a message about the file as a whole.
. "$(dirname "$0")/prepare"
python_packages platformio==6.2.0
export PLATFORMIO_CORE_DIR="$work/core" PLATFORMIO_SETTING_ENABLE_TELEMETRY=no PLATFORMIO_NO_ANSI=1
cat >read.py <<'P'
import platformio.exception
from platformio.project.config import ProjectConfig


def read(value):
    with open("platformio.ini", "w") as file:
        file.write(f"[env:stm8]\nplatform = demo\nbuild_flags = {value}\n")
    try:
        return ProjectConfig("platformio.ini").get("env:stm8", "build_flags")[0]
    except platformio.exception.PlatformioException as error:
        return error


for value in ("-DX=%%d", "-DX=%(platform)s", "-DX=${platform}", "-DX=${this.platform}", "-DX=$${this.platform}", "-DX=%d"):
    print(read(value))
P
"$python" read.py >log
expect "-DX=%%d, -DX=%(platform)s" "$(sed -n 1,2p log | tr '\n' ' ')" "-DX=%d -DX=demo "
expect '-DX=${platform}, -DX=${this.platform}, -DX=$${this.platform}' "$(sed -n 3,5p log | tr '\n' ' ')" '-DX=${platform} -DX=demo -DX=$demo '
expect "-DX=%d" "$(tail -n 1 log)" "Invalid 'platformio.ini' (project configuration file): ''%' must be followed by '%' or '(', found: '%d''"
"$work/venv/bin/pio" system info >/dev/null  # the first command prints a banner
code=0
"$work/venv/bin/pio" project config --lint >lint 2>&1 || code=$?
expect "pio project config --lint: exit code, times that it names the error" "$code $(grep -c "must be followed" lint)" "0 1"
