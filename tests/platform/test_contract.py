"""What projects for ststm8 2.x rely on in a build, row by row.

Elsewhere: boards in test_boards.py, packages in test_packages.py, protocols in test_serial.py and
test_upload_options.py, frameworks in test_frameworks.py, targets of the flasher in test_targets.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pio import RECORDER, ROOT, Project, stm8tool, write_program

pytestmark = pytest.mark.platform

RENAME = 'Import("env")\nenv.Replace(PROGNAME="blinker")\n'
OWN_TOOL = 'Import("env")\nenv.Replace(UPLOADER=env.subst("$PROJECT_DIR/mytool"))\n'
OWN_FLAGS = OWN_TOOL + 'env.Replace(UPLOADERFLAGS=["--own"])\n'
OWN_FUNCTION = """Import("env")
def put(source, target, env):
    print("put:", source[0])
env.Replace(UPLOADCMD=put)
"""
OWN_COMMAND = 'Import("env")\nenv.Replace(UPLOADCMD="$PYTHONEXE recorder.py own $SOURCE")\n'


def test_the_platform_takes_the_place_of_its_namesake() -> None:
    manifest = json.loads((ROOT / "platform.json").read_text(encoding="utf-8"))
    assert manifest["name"] == "ststm8"
    assert tuple(map(int, manifest["version"].split("."))) > (2, 1, 0)
    assert manifest["frameworks"] == {
        "arduino": {"package": "framework-arduinoststm8", "script": "builder/frameworks/arduino.py"},
        "spl": {"package": "framework-ststm8spl", "script": "builder/frameworks/spl.py"},
    }


def test_what_pio_prints_is_read_also_where_a_pipe_gets_the_system_s_code_page(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")  # as on Windows
    result = project.core.pio("project", "config", cwd=project.folder)
    assert f"project configuration for {project.folder}" in result.output


def test_flags_macros_and_suffixes_are_those_of_ststm8_2(project: Project) -> None:
    library = project.folder / "lib" / "two" / "src"
    library.mkdir(parents=True)
    (library / "two.h").write_text("char two(void);\n")
    (library / "two.c").write_text('#include "two.h"\nchar two(void) { return 2; }\n')
    project.source('#include "two.h"\nvolatile char x;\nvoid main(void) { x = two(); }\n')
    result = project.run(options=("-v",))
    assert result.code == 0, result.output
    compiled, *_, linked = [line.split() for line in result.output.splitlines() if line.startswith("sdcc ")]
    assert {"-c", "-mstm8", "-DF_CPU=16000000L", "-DSTM8S_BLUE", "-DSTM8S103"} <= set(compiled)
    assert {"-mstm8", "--nostdlib", "--out-fmt-elf"} <= set(linked)
    assert [linked[linked.index(name) + 1] for name in ("--code-size", "--iram-size")] == ["8192", "1024"]
    for name in ("firmware.elf", "firmware.hex", "src/main.rel"):
        assert project.built(name).is_file()
    assert list(project.built("").glob("lib*/libtwo.lib"))


@pytest.mark.parametrize("target", ["buildprog", "size", "checkprogsize"])
def test_a_target_of_a_build_is_there(project: Project, target: str) -> None:
    result = project.run(target)
    assert result.code == 0, result.output
    assert project.built("firmware.elf").is_file()
    assert project.built("firmware.hex").is_file() == (target == "buildprog")


def test_a_build_and_a_check_of_its_size_may_stand_in_one_command(project: Project) -> None:
    assert project.run("buildprog", "checkprogsize").code == 0
    assert project.built("firmware.hex").is_file()
    project.source("const char big[8192] = {1}; volatile char c; void main(void) { c = big[c]; }")
    result = project.run("checkprogsize", "buildprog")
    assert result.code == 1
    assert "is greater than maximum allowed (8192 bytes)" in result.output
    assert (
        "hint: board_build.remove_unused = yes leaves out what the program does not reach, and `pio run"
        in result.output
    )


def test_a_script_may_name_the_program(project: Project) -> None:
    (project.folder / "rename.py").write_text(RENAME)
    project.configure("stm8sblue\nextra_scripts = pre:rename.py")
    assert project.run().code == 0
    assert project.built("blinker.hex").is_file()


def test_a_script_may_make_sources_and_let_them_be_built(project: Project) -> None:
    project.source("void made(void);\nvoid main(void) { made(); }\n")
    (project.folder / "make.py").write_text(
        'Import("env")\nimport pathlib\npathlib.Path("made").mkdir()\n'
        'pathlib.Path("made", "a table.c").write_text("void made(void) {}\\n")\n'
        'env.BuildSources("$BUILD_DIR/made", "made")\n',
        encoding="utf-8",
    )
    project.configure("stm8sblue\nextra_scripts = pre:make.py")
    result = project.run()
    assert result.code == 0, result.output
    assert project.built("made/a_table.c.rel").is_file()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (OWN_TOOL, ["-c", "stlinkv2", "-p", "stm8s103?3", "-s", "flash", "-w"]),
        (OWN_FLAGS, ["--own"]),
        (OWN_COMMAND, ["own"]),
    ],
)
def test_a_script_may_replace_what_uploads(project: Project, script: str, words: list[str]) -> None:
    project.configure("stm8sblue", recorder=True)
    (project.folder / "use_recorder.py").write_text(script)
    write_program(project.folder / "mytool", RECORDER)  # no Python is started for it
    result = project.run("upload")
    assert result.code == 0, result.output
    assert project.calls() == [[*words, str(Path(".pio", "build", "stm8sblue", "firmware.hex"))]]


@pytest.mark.parametrize(
    "script",
    [
        'env.Replace(UPLOADERFLAGS=["-c", "sim:a.chip", "-p", "stm8s103?3", "-s", "flash", "-w"])',
        'env.Replace(UPLOADERFLAGS="-c sim:a.chip -p stm8s103?3 -s flash -w")',
        'env.Prepend(UPLOADERFLAGS=["-b", 8192])',
    ],
)
def test_a_script_may_have_words_of_stm8flash_in_uploaderflags(project: Project, script: str) -> None:
    stm8tool("sim", "create", "a.chip", "--part", "stm8s103f3", cwd=project.folder)
    project.configure("stm8sblue\nupload_port = sim:a.chip\nextra_scripts = flags.py")
    (project.folder / "flags.py").write_text(f'Import("env")\n{script}\n')
    result = project.run("upload", "verify")
    assert result.code == 0, result.output
    assert "Bytes written: " in result.output


@pytest.mark.parametrize("protocol", ["stlink", "custom"])
def test_a_script_may_upload_by_a_function_of_its_own(project: Project, protocol: str) -> None:
    project.configure(f"stm8sblue\nupload_protocol = {protocol}\nextra_scripts = put.py")
    (project.folder / "put.py").write_text(OWN_FUNCTION)
    result = project.run("upload")
    assert result.code == 0, result.output
    assert f"put: {Path('.pio', 'build', 'stm8sblue', 'firmware.hex')}" in result.output


@pytest.mark.parametrize("uploader", ["$UPLOADER", '"$UPLOADER"'])
def test_a_command_with_the_variables_of_ststm8_2_gets_words_of_stm8flash(project: Project, uploader: str) -> None:
    project.configure(f"stm8sblue\nupload_protocol = custom\nupload_command = {uploader} $UPLOADERFLAGS $SOURCE")
    result = project.run("upload", options=("-v",))
    firmware = Path(".pio", "build", "stm8sblue", "firmware.hex")
    line = next(line for line in result.output.splitlines() if "stm8flash.py" in line)
    assert line.replace('"', "").endswith(f"stm8flash.py -c stlinkv2 -p stm8s103?3 -s flash -w {firmware}")
    assert result.errors == ["error: no ST-LINK is attached [E-NO-PROBE]"]


def test_a_command_with_a_simulated_board_is_done_to_its_end(project: Project) -> None:
    stm8tool("sim", "create", "a.chip", "--part", "stm8s103f3", cwd=project.folder)
    command = "$UPLOADER -c sim:a.chip -p stm8s103?3 -s flash -w $SOURCE"
    project.configure(f"stm8sblue\nupload_protocol = custom\nupload_command = {command}")
    result = project.run("upload")
    assert result.code == 0, result.output
    assert "Bytes written: " in result.output
    project.configure("stm8sblue\nupload_port = sim:a.chip")
    assert project.run("verify").code == 0


def test_words_of_stm8flash_in_upload_flags_are_told_from_ours(project: Project) -> None:
    project.configure("stm8sblue\nupload_port = sim:a.chip\nupload_flags = -c stlinkv2")
    result = project.run("reset")
    assert result.errors[0].startswith("error: upload_flags = -c: these are options of stm8tool")
    assert "usage:" not in result.output


def test_a_sketch_beside_the_sources_is_not_passed_over_in_silence(project: Project) -> None:
    project.source("void setup() {}", "blink.ino")
    result = project.run()
    assert result.code == 0, result.output
    assert f"warning: {Path('src', 'blink.ino')} is not compiled, as framework = arduino is not set" in result.output


def test_a_file_in_sdcc_s_own_form_is_uploaded_where_there_is_no_other(project: Project) -> None:
    project.configure("stm8sblue", recorder=True)
    assert project.run().code == 0  # PlatformIO clears a build directory that it has not made
    project.built("firmware.hex").rename(project.built("firmware.ihx"))
    result = project.run("nobuild", "upload")
    assert result.code == 0, result.output
    assert project.calls()[0][-2:] == ["write", str(Path(".pio", "build", "stm8sblue", "firmware.ihx"))]


def test_build_flags_reach_the_compiler(
    project: Project,
) -> None:
    project.configure("stm8sblue\nbuild_flags = --opt-code-size -DLEVEL=3")
    result = project.run(options=("-v",))
    assert result.code == 0, result.output
    compiled = next(line for line in result.output.splitlines() if line.startswith("sdcc ") and " -c " in line)
    assert "--opt-code-size" in compiled
    assert "-DLEVEL=3" in compiled
