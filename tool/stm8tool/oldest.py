"""Tell the user of a Python that is too old with a sentence, not a syntax error. This file also runs on 2.7 and 3.6."""

import sys

OLDEST = (3, 9)


def check():
    # type: () -> None
    """End the program if this Python cannot run it."""
    if sys.version_info < OLDEST:
        sys.stderr.write("hint: start it with a newer Python, such as: python%d.%d tool\n" % OLDEST)
        sys.stderr.write(
            "error: stm8tool needs Python %d.%d or newer; this is Python %d.%d\n"
            % (OLDEST + tuple(sys.version_info[:2]))
        )
        sys.exit(7)
