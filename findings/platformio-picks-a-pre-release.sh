#!/usr/bin/env bash
# Guess: a requirement such as `>=1.2` or `^1.2.0`, or none, picks the newest release. A pre-release must be named, as with npm and pip.
# Seen: PlatformIO 6.2.0 picks 2.0.0-rc.1 for `>=1.2` and for none, and 1.3.0-beta.1 for `^1.2.0`. Versions that differ in a fourth
#   number only have no order: of 1.2.3.4 and 1.2.3.10 the first in the registry's list is taken.
# Why it matters: the day when an author tries out a pre-release, all builds that are not pinned use it.
. "$(dirname "$0")/prepare"
python_packages platformio==6.2.0
expect "versions: >=1.2, ^1.2.0, none, ~1.2.0; two orders of a fourth number" "$("$python" - <<'P'
from platformio.package.manager.tool import ToolPackageManager
from platformio.package.meta import PackageSpec


def pick(requirement, *names):
    versions = [{"name": name, "files": [{"system": "*"}]} for name in names]
    return ToolPackageManager("packages").pick_best_registry_version(versions, PackageSpec(f"tool{requirement}"))["name"]


published = ("1.2.0", "1.3.0-beta.1", "2.0.0-rc.1")
print(*(pick(requirement, *published) for requirement in ("@>=1.2", "@^1.2.0", "", "@~1.2.0")), end="; ")
print(pick("", "1.2.3.4", "1.2.3.10"), pick("", "1.2.3.10", "1.2.3.4"))
P
)" "2.0.0-rc.1 1.3.0-beta.1 2.0.0-rc.1 1.2.0; 1.2.3.4 1.2.3.10"
