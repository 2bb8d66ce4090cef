#!/usr/bin/env bash
# Guess: what a custom test runner adds to the environment in configure_build_env holds for the whole test program.
# Seen: with PlatformIO 6.2.0 it holds for the files of the test. The libraries in lib/ are compiled without it.
#   `build_flags` in platformio.ini reach both.
# Why it matters: a macro that changes a type in a library's header gives two meanings to it in one program.
. "$(dirname "$0")/prepare"
platformio_6_2
printf 'test_framework = custom\nbuild_flags = -DFROM_FLAGS\n' >>platformio.ini
mkdir -p lib/gauge test/test_gauge
printf 'int gauge(void);\n' >lib/gauge/gauge.h
printf 'int gauge(void) { return 1; }\n' >lib/gauge/gauge.c
printf '#include <gauge.h>\nint main(void) { return gauge(); }\n' >test/test_gauge/check.c
cat >test/test_custom_runner.py <<'P'
from platformio.public import TestRunnerBase


class CustomTestRunner(TestRunnerBase):
    def configure_build_env(self, env):
        env.Append(CPPDEFINES=["FROM_RUNNER"])
P
pio test --without-testing >log 2>&1 || { cat log; exit 1; }
has() { grep "$1\$" "$work/compiled.log" | grep -c -e "-D$2 " || true; }
expect "the test: FROM_FLAGS, FROM_RUNNER" "$(has check.c FROM_FLAGS) $(has check.c FROM_RUNNER)" "1 1"
expect "the library: FROM_FLAGS, FROM_RUNNER" "$(has gauge.c FROM_FLAGS) $(has gauge.c FROM_RUNNER)" "1 0"
