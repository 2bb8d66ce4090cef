#!/usr/bin/env bash
# Guess: tomli is the backport of tomllib, so `tomli if Python < 3.11 else tomllib` reads the same files everywhere.
# Seen: tomli 2.5.0 reads TOML 1.1, tomllib of Python 3.11 only TOML 1.0. An inline table over two lines, a comma at its end, "\e" and a
#   time without seconds are read by tomli and refused by tomllib.
# Why it matters: a settings file that works on Python 3.9 is a syntax error on the newer Python 3.11.
. "$(dirname "$0")/prepare"
python_packages tomli==2.5.0
expect "read by tomli, read by tomllib" "$("$python" - <<'P'
import tomli
import tomllib


def reads(module, text):
    try:
        module.loads(text)
    except module.TOMLDecodeError:
        return False
    return True


for text in ('probe = {kind = "v2",}', 'probe = {\n kind = "v2" }', 'colour = "\\e[31m"', "at = 12:30", "at = 12:30:00"):
    print(reads(tomli, text), reads(tomllib, text), end="; ")
P
)" "True False; True False; True False; True False; True True; "
