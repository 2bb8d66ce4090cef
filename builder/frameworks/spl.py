"""Framework `spl`: ST's Standard Peripheral Library for the STM8S, patched for SDCC.

It becomes a static library, of which SDCC links the modules that a program uses. Which drivers the chip and the
project's stm8s_conf.h ask for, the preprocessor tells: the others may not even compile for the chip.

Package `framework-ststm8spl`: Libraries/STM8S_StdPeriph_Driver/{inc,src}. Library: https://www.st.com/en/embedded-software/stsw-stm8069.html
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from SCons.Script import DefaultEnvironment


def drivers(rule: str, folder: Path) -> list[str]:
    """Return the source files in `folder` for the headers of a rule that the preprocessor made with `-MM`."""
    names = dict.fromkeys(re.findall(r"(\bstm8\w+)\.h\b", rule))
    return [f"{name}.c" for name in names if (folder / f"{name}.c").is_file()]


def main() -> None:
    """Add the flags and the library to the build."""
    env = DefaultEnvironment()
    driver = Path(env.PioPlatform().get_package_dir("framework-ststm8spl"), "Libraries", "STM8S_StdPeriph_Driver")
    env.Append(
        CFLAGS=["--opt-code-size"],
        CPPDEFINES=["USE_STDPERIPH_DRIVER", "USE_STDINT"],
        CPPPATH=[str(driver / "inc"), "$PROJECT_SRC_DIR", "$PROJECT_INCLUDE_DIR"],
    )
    command = env.subst_list("$CC $CFLAGS $_CPPDEFFLAGS $_CPPINCFLAGS -E -Wp-MM")[0]
    scan = subprocess.run(
        [*map(str, command), str(driver / "inc" / "stm8s.h")],
        env=env["ENV"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if scan.returncode:
        sys.stderr.write(
            f"{scan.stderr}error: framework = spl: a header cannot be read, see above; "
            "the library needs stm8s_conf.h and stm8s_it.h in src, as in examples/spl-blink\n"
        )
        env.Exit(1)
    selected = [f"+<{name}>" for name in drivers(scan.stdout, driver / "src")]
    library = env.BuildLibrary("$BUILD_DIR/SPL", str(driver / "src"), ["-<*>", *selected])
    env.Prepend(LIBS=[library])


main()
