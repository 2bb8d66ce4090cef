#!/usr/bin/env bash
# Guess: SCons' ParseFlags leaves an option that it does not know, and the argument after it, together in CCFLAGS.
# Seen: SCons 4.11.1 puts the option into CCFLAGS and its argument into LIBS, as a file. `-Wl-bAREA=ADDR`, SDCC's form, goes to CCFLAGS,
#   and `-Wl,-bAREA=ADDR` to LINKFLAGS.
# Why it matters: PlatformIO passes build_flags through ParseFlags. `--code-loc 0x9000` reaches the compiler without its argument, which
#   then takes the next word, such as -DF_CPU=…. The linker gets a library named 0x9000.
. "$(dirname "$0")/prepare"
python_packages SCons==4.11.1
cat >SConstruct <<'P'
env = Environment(tools=[])
for flags in ("--code-loc 0x9000 -DF_CPU=1", "-Wl-bBOOT=0x9E00", "-Wl,-bBOOT=0x9E00"):
    print({name: [str(word) for word in words] for name, words in env.ParseFlags(flags).items() if words})
Exit(0)
P
venv/bin/scons -Q >seen
expect "an option with an argument" "$(sed -n 1p seen)" \
    "{'CCFLAGS': ['--code-loc'], 'CPPDEFINES': [\"['F_CPU', '1']\"], 'LIBS': ['0x9000']}"
expect "SDCC's way to place an area" "$(sed -n 2p seen)" "{'CCFLAGS': ['-Wl-bBOOT=0x9E00']}"
expect "with a comma" "$(sed -n 3p seen)" "{'LINKFLAGS': ['-Wl,-bBOOT=0x9E00']}"
