#!/usr/bin/env bash
# Guess: `usb.backend.libusb1.get_backend(find_library=...)` loads the library whose path it gets. If there is no such file, it is None.
# Seen: pyusb 1.3.1 loads a library once for each process. Each later call returns the first one, also for a path that does not exist,
#   and does not call `find_library`.
# Why it matters: a program that tries the libusb of the system, and then its own, tests the first one twice, and reports the second.
. "$(dirname "$0")/prepare"
python_packages pyusb==1.3.1 libusb-package==1.0.30.0
expect "missing at first; the real one; missing then; calls of the last find_library" "$("$python" - 2>/dev/null <<'P'
import libusb_package
from usb.backend import libusb1

calls = []


def missing(name):
    calls.append(name)
    return "/nonexistent/libusb-1.0.so"


print(libusb1.get_backend(find_library=missing), end=" ")
first = libusb1.get_backend(find_library=libusb_package.find_library)
calls.clear()
second = libusb1.get_backend(find_library=missing)
print(first is not None, second is first, len(calls))
P
)" "None True True 0"
