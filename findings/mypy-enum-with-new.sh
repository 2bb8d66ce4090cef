#!/usr/bin/env bash
# Guess: mypy takes Part(0x10), the look-up of a member by its value, for every Enum, also for one with its own __new__.
# Seen: mypy 1.20.2 --strict checks the call against __new__ and reports a missing argument, although the look-up works. The type of
#   Part.A.value becomes Any, so `text: str = Part.A.value` passes although it is an int.
# Why it matters: a table of chips or commands as an Enum with a label is the textbook use of __new__.
. "$(dirname "$0")/prepare"
python_packages mypy==1.20.2
cat >part.py <<'P'
from enum import Enum


class Part(Enum):
    label: str
    S103 = 0x10, "STM8S103"

    def __new__(cls, value: int, label: str) -> "Part":
        member = object.__new__(cls)
        member._value_ = value
        member.label = label
        return member


text: str = Part.S103.value
print(Part(0x10).label, type(text).__name__)
P
expect "Python" "$("$python" part.py)" "STM8S103 int"
expect "mypy" "$("$python" -m mypy --strict part.py | sed 's/^part.py://')" "16: error: Missing positional argument \"label\" in call to \"Part\"  [call-arg]
Found 1 error in 1 file (checked 1 source file)"
