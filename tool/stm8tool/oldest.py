"""A Python that is too old gets a sentence, not a syntax error: this file is valid for Python 3.6, and for 2.7."""

import sys

OLDEST = (3, 9)


def check():
    # type: () -> None
    """End the program if this Python cannot run it."""
    if sys.version_info < OLDEST:
        sys.stderr.write("hint: start it with a newer one, such as: python%d.%d tool\n" % OLDEST)
        sys.stderr.write(
            "error: stm8tool needs Python %d.%d or newer; this is Python %d.%d\n"
            % (OLDEST + tuple(sys.version_info[:2]))
        )
        sys.exit(7)
