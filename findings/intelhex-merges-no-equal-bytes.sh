#!/usr/bin/env bash
# Guess: two images that share a byte conflict if the byte differs. An equal byte is not a conflict.
# Seen: intelhex 2.3.0 raises AddressOverlapError for equal bytes, too, and refuses a HEX file that has one record twice.
#   srec_cat 1.64 merges equal bytes with a warning, and refuses different ones.
# Why it matters: a boot loader and an application that both contain the vectors merge with one tool, and not with the other.
. "$(dirname "$0")/prepare"
debian srecord=1.64-3 libsrecord0=1.64-3
python_packages intelhex==2.3.0
printf ':0280000011224B\n:00000001FF\n' >first.hex
printf ':02800100223328\n:00000001FF\n' >equal.hex
printf ':02800100443306\n:00000001FF\n' >different.hex
printf ':0280000011224B\n:0280000011224B\n:00000001FF\n' >twice.hex
expect "intelhex: equal, different, one record twice" "$("$python" - <<'P'
import intelhex


def outcome(step):
    try:
        step()
        return "merged"
    except intelhex.AddressOverlapError:
        return "refused"
    except intelhex.IntelHexError as exc:
        return repr(exc)


first = lambda: intelhex.IntelHex("first.hex")
print(*(outcome(lambda: first().merge(intelhex.IntelHex(name))) for name in ("equal.hex", "different.hex")), end=" ")
print(outcome(lambda: intelhex.IntelHex("twice.hex")))
P
)" "refused refused refused"
merge() { srec_cat "$@" -o both.hex -intel >log 2>&1 && echo "merged" || echo refused; }
expect "srec_cat: equal, different, one record twice" \
    "$(merge first.hex -intel equal.hex -intel) $(merge first.hex -intel different.hex -intel) $(merge twice.hex -intel)" "merged refused merged"
