#!/usr/bin/env bash
# Guess: `pip download --python-version 3.9` fetches what an installation with Python 3.9 needs.
# Seen: pip 25.3 chooses wheels for Python 3.9, and reads the markers of the requirements with the Python that runs it. On 3.11 it
#   leaves out a package with the marker `python_version < "3.11"` and fetches one for 3.11. It exits with 0.
# Why it matters: a folder of packages for a machine without a network lacks tomli, the usual case of such a marker.
. "$(dirname "$0")/prepare"
python_packages pip==25.3
mkdir wheels
"$python" - <<'P'
import zipfile

for name, needs in (("for-old", ()), ("for-new", ()), ("tool", ('for-old; python_version < "3.11"', 'for-new; python_version >= "3.11"'))):
    stem = f"{name.replace('-', '_')}-1.0"
    with zipfile.ZipFile(f"wheels/{stem}-py3-none-any.whl", "w") as wheel:
        lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {need}" for need in needs)]
        wheel.writestr(f"{stem}.dist-info/METADATA", "\n".join(lines) + "\n")
        wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")
P
get() { "$python" -m pip download -q --no-index --find-links wheels --only-binary :all: --python-version "$1" -d "for-$1" tool 2>/dev/null; ls "for-$1" | tr '\n' ' '; }
expect "the Python that runs pip is 3.11 or later" "$("$python" -c 'import sys; print(sys.version_info >= (3, 11))')" True
expect "--python-version 3.9" "$(get 3.9)" "for_new-1.0-py3-none-any.whl tool-1.0-py3-none-any.whl "
