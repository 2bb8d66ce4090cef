#!/usr/bin/env bash
# Guess: AppendUnique leaves out what is in the list already. Words that stand twice in one new list, for two options, stay.
# Seen: SCons 4.11.1 looks at single words, also inside the new list. `--code-loc 0x9000 --data-loc 0x9000` becomes `--code-loc 0x9000
#   --data-loc`.
# Why it matters: SDCC's options with an argument are two words. The option that lost its argument takes the next word for it.
. "$(dirname "$0")/prepare"
python_packages SCons==4.11.1
cat >SConstruct <<'P'
env = Environment(tools=[])
env.AppendUnique(LINKFLAGS=["--code-loc", "0x9000", "--data-loc", "0x9000"])
print("seen", env["LINKFLAGS"])
env.Append(CCFLAGS=["-I", "inc"])
env.AppendUnique(CCFLAGS=["-k", "inc"])
print("seen", env["CCFLAGS"])
P
expect "two options with one argument; an argument that is there already" "$(venv/bin/scons -Q 2>&1 | sed -n 's/^seen //p' | tr '\n' ' ')" \
    "['--code-loc', '0x9000', '--data-loc'] ['-I', 'inc', '-k'] "
