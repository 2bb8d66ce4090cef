#!/usr/bin/env bash
# Guess: watch("program.hex") of watchfiles reports each change of that file, however it is written.
# Seen: watchfiles 1.3.0 on Linux reports the change in which another file takes the name (os.replace), as deleted. From then on it
#   reports nothing for this name. A watch of the folder reports all changes.
# Why it matters: a tool that writes the chip after each build works until the first build that replaces the file. It then waits.
. "$(dirname "$0")/prepare"
python_packages watchfiles==1.3.0
expect "changes that each watch reports: write, replace, write" "$("$python" - <<'P'
import os
import queue
import threading

from watchfiles import Change, watch


def reports(path, wait_s):
    """Do the three changes, wait after each one for its report, and return which were reported."""
    with open("build/program.hex", "w") as stream:
        stream.write("0")
    heard, stop = queue.Queue(), threading.Event()

    def listen():
        for changes in watch(path, stop_event=stop, step=20, debounce=50, rust_timeout=50, yield_on_timeout=True):
            heard.put({kind for kind, name in changes if name.endswith("program.hex")})

    thread = threading.Thread(target=listen)
    thread.start()
    heard.get(timeout=5)  # the first time-out: it listens
    seen = []
    for text, replaces in (("1", False), ("2", True), ("3", False)):
        with open("build/next" if replaces else "build/program.hex", "w") as stream:
            stream.write(text)
        if replaces:
            os.replace("build/next", "build/program.hex")
        kinds = set()
        for _ in range(int(wait_s / 0.05)):
            kinds |= heard.get(timeout=5)
        seen.append("+".join(sorted(kind.name for kind in kinds)) or "nothing")
    stop.set()
    thread.join()
    return seen


os.mkdir("build")
print(reports("build/program.hex", 0.6)[2], [text != "nothing" for text in reports("build", 0.6)])
P
)" "nothing [True, True, True]"
