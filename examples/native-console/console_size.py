"""Prints after each build how much flash the console takes of this program."""

# ruff: noqa: F821 -- SCons gives `Import` and `env` to a script
import re
from pathlib import Path

Import("env")


def show(target, source, env):
    built = Path(env.subst("$BUILD_DIR"))
    linked = (built / "firmware.map").read_text(encoding="utf-8", errors="replace")
    sizes = {}
    for file in sorted(built.glob("lib*/swim_console/*.rel")):
        if re.search(rf"(?<!\w){re.escape(file.name)}", linked):
            content = file.read_text(encoding="utf-8")
            areas = re.findall(r"^A (CODE|GSINIT|CONST) size ([0-9A-F]+) ", content, re.MULTILINE)
            sizes[file.stem] = sum(int(size, 16) for _, size in areas)
    parts = ", ".join(f"{name} {size}" for name, size in sizes.items())
    print(f"the console takes {sum(sizes.values())} bytes of flash: {parts}")


env.AddPostAction("$PROGPATH", env.Action(show, None))
