#!/usr/bin/env bash
# Guess: `build_flags = -Igenerated` is a folder of the project. A script of the build may make it, as long as it is there for the compiler.
# Seen: PlatformIO 6.2.0 looks for the folder when it reads the flags. If it is not there yet, -I gets the path of a folder `generated`
#   beside the platform's own build script. The first build with a generated header fails, and the second one succeeds.
# Also seen: in a library.json, `"flags": ["-I", "foo"]` has no effect. `["-Ifoo"]` has, and is a folder of the library.
# Why it matters: the build works on the machine of its author, where the folder is left over, and fails in a new checkout.
. "$(dirname "$0")/prepare"
platformio_6_2
printf 'build_flags = -Igenerated\n' >>platformio.ini
include() {
    rm -f "$work/compiled.log"
    rm -rf .pio
    pio run >"$work/log" 2>&1
    grep 'main.c$' "$work/compiled.log" | grep -oE -- '-I[^ ]*(generated|foo)' | sed "s,$core,CORE," || true
}
expect "before the folder is there" "$(include)" "-ICORE/platforms/demo/builder/generated"
mkdir generated
expect "when it is there" "$(include)" "-Igenerated"
mkdir -p lib/driver/foo
echo 'int on(void);' >lib/driver/driver.h
printf '#include <driver.h>\nint main(void) { return 0; }\n' >src/main.c
printf '[env:stm8]\nplatform = demo\n' >platformio.ini
printf '{"name": "driver", "version": "1.0.0", "build": {"flags": ["-I", "foo"]}}' >lib/driver/library.json
expect "a library with two texts" "$(include)" ""
printf '{"name": "driver", "version": "1.0.0", "build": {"flags": ["-Ifoo"]}}' >lib/driver/library.json
expect "with one" "$(include)" "-Ilib/driver/foo"
