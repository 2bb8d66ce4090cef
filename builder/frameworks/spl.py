"""Framework `spl`: ST's Standard Peripheral Library for the STM8S, patched for SDCC.

It becomes a static library. SDCC links only the modules that a program uses. If a script of the project works on
objects, it becomes objects instead.

The preprocessor tells which drivers the chip and the project's stm8s_conf.h ask for. Other drivers may not compile for
the chip. Without that header a program uses no driver, as in ststm8 2.1.0.

Package `framework-ststm8spl`: Libraries/STM8S_StdPeriph_Driver/{inc,src}. Library: https://www.st.com/en/embedded-software/stsw-stm8069.html
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from SCons.Script import DefaultEnvironment

from stm8build import object_scripts, sources


def main() -> None:
    """Add the flags and the drivers to the build."""
    env = DefaultEnvironment()
    platform = env.PioPlatform()
    driver = Path(platform.get_package_dir("framework-ststm8spl"), "Libraries", "STM8S_StdPeriph_Driver")
    env.Append(
        CFLAGS=["--opt-code-size"],
        CPPDEFINES=["USE_STDPERIPH_DRIVER", "USE_STDINT"],
        CPPPATH=[str(driver / "inc"), "$PROJECT_SRC_DIR", "$PROJECT_INCLUDE_DIR"],
    )
    names = sources.drivers(included(env, driver), driver / "src")
    if not names:
        return
    selected = ["-<*>", *(f"+<{name}>" for name in names)]
    if as_objects(env):
        env.BuildSources("$BUILD_DIR/SPL", str(driver / "src"), selected)
    else:
        env.Prepend(LIBS=[env.BuildLibrary("$BUILD_DIR/SPL", str(driver / "src"), selected)])


def included(env: Any, driver: Path) -> str:
    """Return the preprocessor's rule for the headers that the library's main header includes, or an empty text."""
    flags = map(str, env.subst_list("$CFLAGS $_CPPDEFFLAGS")[0])
    folders = (f"-I{env.subst(str(folder))}" for folder in env["CPPPATH"])
    scan = subprocess.run(
        [env.subst("$CC"), *flags, *folders, "-E", "-Wp-MM", "-Wp-MG", str(driver / "inc" / "stm8s.h")],
        env=env["ENV"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if scan.returncode:
        sys.stderr.write(
            f"{scan.stderr}warning: framework = spl: the library's headers cannot be read, see above; "
            "none of its drivers is linked\n"
        )
        return ""
    if "stm8s_conf.h" in scan.stdout.split():  # a header that the preprocessor found has its folder in front
        sys.stderr.write(
            "warning: framework = spl: there is no stm8s_conf.h in src or include; none of the library's drivers is "
            "linked. To use them, copy the one of examples/spl-blink\n"
        )
    return scan.stdout


def as_objects(env: Any) -> bool:
    """Tell whether the drivers are linked as objects: the project says so, or it has a script that needs objects."""
    chosen = env.GetProjectOption("custom_spl_archive", "auto")
    if chosen != "auto":
        return bool(chosen == "no")
    for script in (*env.GetExtraScripts("pre"), *env.GetExtraScripts("post")):
        path = Path(script)
        how = (
            object_scripts.takes_objects(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None
        )
        if how:
            sys.stdout.write(
                f"framework = spl: {path.name} {how}, so the drivers are linked as objects, not as a library "
                "(custom_spl_archive = yes changes that)\n"
            )
            return True
    add_pre_action = env.AddPreAction

    def add_pre_action_and_tell(env: Any, files: Any, action: Any) -> Any:
        of_a_script = not getattr(action, "of_the_platform", False)
        if of_a_script and any(object_scripts.names_program(env.subst(str(file))) for file in env.Flatten([files])):
            sys.stderr.write(
                "warning: framework = spl: a script has a pre-action on the program, and the drivers are in a "
                "library. If the script works on objects, set custom_spl_archive = no\n"
            )
        return add_pre_action(files, action)

    env.AddMethod(add_pre_action_and_tell, "AddPreAction")
    return False


main()
