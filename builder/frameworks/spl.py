"""Framework `spl`: ST's Standard Peripheral Library for the STM8S, patched for SDCC.

It becomes a static library, of which SDCC links the modules that a program uses. Which drivers the chip and the
project's stm8s_conf.h ask for, the preprocessor tells: the others may not even compile for the chip.

Package `framework-ststm8spl`: Libraries/STM8S_StdPeriph_Driver/{inc,src}. Library: https://www.st.com/en/embedded-software/stsw-stm8069.html
"""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

from SCons.Script import DefaultEnvironment


def main() -> None:
    """Add the flags and the library to the build."""
    env = DefaultEnvironment()
    platform = env.PioPlatform()
    sources = runpy.run_path(str(Path(platform.get_dir(), "builder", "sources.py")))
    driver = Path(platform.get_package_dir("framework-ststm8spl"), "Libraries", "STM8S_StdPeriph_Driver")
    env.Append(
        CFLAGS=["--opt-code-size"],
        CPPDEFINES=["USE_STDPERIPH_DRIVER", "USE_STDINT"],
        CPPPATH=[str(driver / "inc"), "$PROJECT_SRC_DIR", "$PROJECT_INCLUDE_DIR"],
    )
    flags = map(str, env.subst_list("$CFLAGS $_CPPDEFFLAGS")[0])
    folders = (f"-I{env.subst(str(folder))}" for folder in env["CPPPATH"])
    scan = subprocess.run(
        [env.subst("$CC"), *flags, *folders, "-E", "-Wp-MM", str(driver / "inc" / "stm8s.h")],
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
    selected = [f"+<{name}>" for name in sources["drivers"](scan.stdout, driver / "src")]
    library = env.BuildLibrary("$BUILD_DIR/SPL", str(driver / "src"), ["-<*>", *selected])
    env.Prepend(LIBS=[library])


main()
