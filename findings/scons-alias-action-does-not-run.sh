#!/usr/bin/env bash
# Guess: the action of an Alias runs each time that the alias is asked for, as the recipe of a .PHONY target in make.
# Seen: SCons 4.11.1 runs it only if one of the alias' sources was built in the same run. Otherwise it says that the alias is up to
#   date and exits with 0. An action in Python that returns True fails ("Error True"), and one that returns False succeeds.
# Why it matters: an `upload` alias writes the chip after a change. The next chip, with the same image, is not written.
. "$(dirname "$0")/prepare"
python_packages SCons==4.11.1
cat >SConstruct <<'P'
env = Environment(tools=[])
image = env.Command("image", "source", Copy("$TARGET", "$SOURCE"))
env.Alias("upload", image, lambda target, source, env: print("writes the chip"))
env.Command("true", [], lambda target, source, env: True)
env.Command("false", [], lambda target, source, env: False)
P
echo 1 >source
target() { code=0; venv/bin/scons -Q "$1" >log 2>&1 || code=$?; }
target upload
expect "first upload: exit code, writes" "$code $(grep -c '^writes' log)" "0 1"
target upload
expect "second upload: exit code, writes, message" "$code $(grep -c '^writes' log) $(tail -n 1 log)" "0 0 scons: \`upload' is up to date."
target true
expect "an action that returns True: exit code" $code 2
target false
expect "an action that returns False: exit code" $code 0
