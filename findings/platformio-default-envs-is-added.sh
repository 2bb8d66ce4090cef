#!/usr/bin/env bash
# Guess: PLATFORMIO_DEFAULT_ENVS=right takes the place of `default_envs = left`, as PLATFORMIO_UPLOAD_PORT does for `upload_port`.
# Seen: PlatformIO 6.2.0 adds it: `pio run` works on both environments. So do the variables of all options that hold a list, such as
#   PLATFORMIO_BUILD_FLAGS and PLATFORMIO_EXTRA_SCRIPTS. `pio run -e right` takes one.
# Why it matters: a job that sets the variable to upload to one board writes the other one, too.
. "$(dirname "$0")/prepare"
platformio_6_2
printf '[platformio]\ndefault_envs = left\n[env:left]\nplatform = demo\n[env:right]\nplatform = demo\n' >platformio.ini
built() { pio run "$@" 2>&1 | sed -n 's/^Processing \([a-z]*\) .*/\1/p' | tr '\n' ' '; }
expect "environments without the variable" "$(built)" "left "
export PLATFORMIO_DEFAULT_ENVS=right
expect "with PLATFORMIO_DEFAULT_ENVS=right" "$(built)" "left right "
expect "with -e right" "$(built -e right)" "right "
printf '[env:right]\nplatform = demo\nupload_port = COM3\nbuild_flags = -DOLD\n' >platformio.ini
expect "upload_port, build_flags with variables" "$(PLATFORMIO_UPLOAD_PORT=COM4 PLATFORMIO_BUILD_FLAGS=-DNEW "$python" -c '
from platformio.project.config import ProjectConfig
config = ProjectConfig("platformio.ini")
print(config.get("env:right", "upload_port"), *config.get("env:right", "build_flags"))')" "COM4 -DOLD -DNEW"
