#!/usr/bin/env bash
# Guess: `Glob("*.c")` gives files on the disk, and files that a builder makes.
# Seen: SCons 4.11.1 also gives each file that a line before has named, although no such file is there and nothing makes it. It is enough to
#   ask `File("old.c").exists()`, or to name the file in `Clean` or `Ignore`.
# Why it matters: a check whether an optional source is there adds this source to the program, and the build fails for lack of it.
. "$(dirname "$0")/prepare"
python_packages SCons==4.11.1
touch main.c
cat >SConstruct <<'P'
DefaultEnvironment(tools=[])
before = [str(node) for node in Glob("*.c")]
there = File("old.c").exists()
asked = [str(node) for node in Glob("*.c")]
Clean(".", "tidy.c")
print(before, there, asked, [str(node) for node in Glob("*.c")])
P
expect "before; old.c is there; after the question; after Clean" "$("$work/venv/bin/scons" -Q -n . | head -n 1)" \
    "['main.c'] False ['main.c', 'old.c'] ['main.c', 'old.c', 'tidy.c']"
