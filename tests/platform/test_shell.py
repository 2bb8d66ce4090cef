"""builder/stm8build/shell.py, process.py: a value of platformio.ini reaches the flasher as it stands, or is refused."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pio import RECORDER, Project, stm8tool, write_program
from stm8build import command_line, shell

ODD = [
    "a b",
    "a  b",
    "$(true)",
    "a$)b",
    "it's",
    'a";true "b',
    "a$1$HOME",
    "`true`",
    "a%PATH%b",
    "^&|<>()",
    "!x!",
    "back\\",
    'a\\"b',
    "*?[a]",
    "",
    "ü",
]
HEX = str(Path(".pio", "build", "stm8sblue", "firmware.hex"))
KNOWN = {"PIOENV", "PROJECT_DIR"}


def read_by_cmd(line: str, variables: dict[str, str]) -> str:
    """Return what cmd /C hands to a program: percent signs first, then carets, which count outside quotation marks."""
    line = re.sub("%([^%]+)%", lambda found: variables.get(found[1], found[0]), line)
    out, inside, index = "", False, 0
    while index < len(line):
        letter = line[index]
        if letter == "^" and not inside:
            index += 1
            letter = line[index : index + 1]
        elif letter == '"':
            inside = not inside
        else:
            assert inside or letter not in "&|<>", f"cmd would act on {letter} in {line}"
        out += letter
        index += 1
    return out


def words_of_a_c_program(line: str) -> list[str]:
    """Return the words of a command line by Microsoft's rules: backslashes count before a quotation mark only."""
    words: list[str] = []
    word, inside, begun = "", False, False
    for slashes, letter in re.findall(r"(\\*)([^\\]|$)", line):
        if letter == '"':
            word += "\\" * (len(slashes) // 2)
            if len(slashes) % 2:
                word += '"'
            else:
                inside, begun = not inside, True
        elif letter in ("", " ", "\t") and not inside:
            word += slashes
            if word or begun:
                words.append(word)
            word, begun = "", False
        else:
            word += slashes + letter
    return words


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("firmware.hex", "firmware.hex"),
        (r"C:\tools\tool.py", r"C:\tools\tool.py"),
        ("a b", '"a b"'),
        ("a b\\", '"a b\\\\"'),
        ("a&b", '"a&b"'),
        ("", '""'),
        ("100%", '^"100^%^"'),
        ('say "x"', r'^"say \^"x\^"^"'),
        ('a\\"', r'^"a\\\^"^"'),
    ],
)
def test_a_word_for_cmd(word: str, line: str) -> None:
    assert shell.quoted(word, windows=True) == line


@given(st.lists(st.text(st.sampled_from("ab \"\\%^&|<>()!$`';~\t"), max_size=8), min_size=1, max_size=3))
def test_cmd_and_a_c_program_get_every_word_back(words: list[str]) -> None:
    line = shell.line(words, windows=True)
    assert words_of_a_c_program(read_by_cmd(line, {"a": "wrong", "b": "wrong"})) == words


@given(st.lists(st.text(st.sampled_from("ab \"\\%^&|<>()!$`';~\t\n"), max_size=8), min_size=1, max_size=3))
def test_sh_gets_every_word_back(words: list[str]) -> None:
    assert shlex.split(shell.line(words, windows=False)) == words


def test_cmd_is_given_no_line_break() -> None:
    with pytest.raises(ValueError, match=r"^cmd cannot pass on a line break$"):
        shell.quoted("a\nb", windows=True)


def test_a_line_that_cmd_cannot_be_given_is_shown_as_a_list() -> None:
    assert shell.shown(["read", "a\nb"], windows=True) == "['read', 'a\\nb']"
    assert shell.shown(["read", "a b"], windows=True) == 'read "a b"'


@pytest.mark.parametrize(
    ("value", "given_to_scons"),
    [
        ("$PIOENV.chip", "${PIOENV}.chip"),
        ("${PROJECT_DIR}/a", "${PROJECT_DIR}/a"),
        ("a$1", "a$$1"),
        ("$HOME", "$$HOME"),
        ("$$PIOENV", "$$${PIOENV}"),
        ("${1 + 1}", "$${1 + 1}"),
        ("a$", "a$$"),
    ],
)
def test_only_a_variable_that_platformio_has_is_put_in(value: str, given_to_scons: str) -> None:
    assert shell.as_it_stands(value, KNOWN) == given_to_scons


@pytest.mark.parametrize(
    ("value", "sh", "cmd"),
    [
        ("57FF72", None, None),
        ("sim:my board.chip", None, None),
        (r"sim:C:\board.chip", "\\", None),
        ("a;b", ";", None),
        ("init; reset", None, None),  # SCons puts it into quotation marks, for the space
        ("a b$x", "$", None),
        ("100%", None, "%"),
        ('a"b', '"', '"'),
        ("a&b", "&", "&"),
        ("a\nb", "\n", "\n"),
    ],
)
def test_what_a_shell_would_change_is_known(value: str, sh: str, cmd: str) -> None:
    assert shell.changed_by_shell(value, windows=False) == sh
    assert shell.changed_by_shell(value, windows=True) == cmd


@pytest.mark.parametrize(
    ("command", "ours"),
    [
        ("stm8flash -w $SOURCE", "$STM8FLASH -w $SOURCE"),
        ("stm8flash", "$STM8FLASH"),
        ('"stm8flash" -w $SOURCE', "$STM8FLASH -w $SOURCE"),
        ("stm8flash.exe -w $SOURCE", "$STM8FLASH -w $SOURCE"),
        (" stm8flash -w x && echo done", "$STM8FLASH -w x && echo done"),
        ("./stm8flash -w $SOURCE", None),
        ("/usr/bin/stm8flash -w $SOURCE", None),
        ("stm8flash-compat -w $SOURCE", None),
        ("stm8flash2 -w $SOURCE", None),
        ("echo stm8flash", None),
        ("stm8flash -c espstlink -w $SOURCE", "$STM8FLASH -c espstlink -w $SOURCE"),
    ],
)
def test_a_leading_stm8flash_is_ours(command: str, ours: str) -> None:
    assert command_line.with_our_stm8flash(command) == (ours or command)


def ini(value: str) -> str:
    """Return a value as it is written in platformio.ini, whose percent signs are doubled."""
    return value.replace("%", "%%")


@pytest.mark.platform
def test_values_reach_the_flasher_as_they_stand(project: Project) -> None:
    values = [value for value in ODD if value]
    environments = [f"[env:e{index}]\nupload_port = sim:{ini(value)}\n" for index, value in enumerate(values)]
    project.configure("stm8sblue", recorder=True)
    text = (project.folder / "platformio.ini").read_text(encoding="utf-8").partition("[env:")[0]
    dump_file = 'd$1"`e`;f%G%.hex'
    text += f'board = stm8sblue\ncustom_dump_file = {ini(dump_file)}\nupload_flags = --region "a$1`b`;c"\n'
    text += f"board_upload.part = {ini(dump_file)}\ncustom_eeprom_file = {ini(dump_file)}\n"
    (project.folder / "platformio.ini").write_text(text + "".join(environments), encoding="utf-8")
    result = project.run("dump", "uploadeep")
    assert result.code == 0, result.output
    calls = project.calls()
    assert [call[call.index("--probe") + 1] for call in calls] == [f"sim:{value}" for value in values for _ in range(2)]
    assert {call[call.index("--part") + 1] for call in calls} == {dump_file}
    assert {call[-1] for call in calls} == {dump_file}
    assert {call[call.index("--region") + 1] for call in calls} == {"a$1`b`;c"}


@pytest.mark.platform
def test_a_port_cannot_make_an_upload_succeed_that_wrote_nothing(project: Project) -> None:
    project.configure('stm8sblue\nupload_port = sim:a";true "b.chip')
    result = project.run("upload")
    assert result.code == 1
    assert result.errors == ['error: there is no chip file a";true "b.chip [E-USAGE]']


@pytest.mark.platform
def test_variables_of_platformio_may_stand_in_values(project: Project) -> None:
    options = ["upload_port = sim:$PIOENV.chip", "upload_flags = --region ${PIOENV}x", "custom_dump_file = $PIOENV.hex"]
    project.configure("\n".join(["stm8sblue", *options]), recorder=True)
    assert project.run("dump").code == 0
    (call,) = project.calls()
    assert call[:4] == ["--region", "stm8sbluex", "--probe", "sim:stm8sblue.chip"]
    assert call[-1] == "stm8sblue.hex"


@pytest.mark.platform
def test_a_file_whose_name_begins_like_an_option_is_a_file(project: Project) -> None:
    project.configure("stm8sblue\ncustom_dump_file = --part", recorder=True)
    assert project.run("dump").code == 0
    assert project.calls()[0][-2:] == ["read", "./--part"]


@pytest.mark.platform
@pytest.mark.parametrize(
    ("port", "letter"), [('sim:b.chip";true "', '"'), ("sim:`true`.chip", "`"), ("sim:a&b.chip", "&")]
)
def test_what_the_shell_of_an_own_command_would_change_is_refused(project: Project, port: str, letter: str) -> None:
    command = '"$PYTHONEXE" recorder.py $UPLOAD_PORT $SOURCE'
    if os.name == "nt" and letter == "`":
        port, letter = "sim:100%%.chip", "%"
    project.configure(f"stm8sblue\nupload_port = {port}\nupload_command = {command}", recorder=True)
    result = project.run("upload")
    assert result.code == 1
    assert result.errors == [
        f"error: upload_port = {port.replace('%%', '%')}: the shell that runs the project's own upload command would "
        f"change the character {letter!r}; use another value, or leave out upload_command"
    ]
    assert project.calls() == []


@pytest.mark.platform
def test_a_project_whose_path_holds_letters_of_the_shell_builds_and_uploads(project: Project) -> None:
    folder = project.folder.with_name("it's a$1 & `b`;c" if os.name != "nt" else "it's a$1 & b;c")
    project.folder.rename(folder)
    project = Project(project.core, folder)
    stm8tool("sim", "create", "b.chip", "--part", "stm8s103f3", cwd=folder)
    project.configure("stm8sblue\nupload_port = sim:b.chip")
    result = project.run("upload", "verify")
    assert result.code == 0, result.output


@pytest.mark.platform
def test_a_project_whose_path_platformio_would_take_for_a_variable_is_refused(project: Project) -> None:
    folder = project.folder.with_name("a$b")
    project.folder.rename(folder)
    result = Project(project.core, folder).run()
    assert result.code == 1
    assert result.errors == [
        f"error: {folder}: PlatformIO takes $b in the path of the project for a variable; rename the folder"
    ]


@pytest.mark.platform
def test_a_project_whose_path_has_two_spaces_is_named_as_it_stands(project: Project) -> None:
    folder = project.folder.with_name("a  b")
    project.folder.rename(folder)
    result = Project(project.core, folder).run()
    assert result.code == 1
    assert result.errors == [
        f"error: {str(folder)!r}: PlatformIO takes the spaces in the path of the project for one; rename the folder"
    ]


@pytest.mark.platform
def test_the_line_that_v_shows_can_be_typed(project: Project) -> None:
    project.configure("stm8sblue\nupload_port = sim:my board.chip", recorder=True)
    result = project.run("reset", options=("-v",))
    line = next(line for line in result.output.splitlines() if re.search(r"recorder\.py\S? --probe", line))
    (call,) = project.calls()
    assert line.endswith(shell.line(call, windows=os.name == "nt"))
    assert Path(call[1]) == Path("sim:my board.chip")


STM8FLASH = "-c sim:b.chip -p stm8s103?3"


@pytest.fixture
def custom(project: Project) -> Project:
    """A project that uploads by stm8flash, as guides for ststm8 2.1.0 tell it, and a simulated board."""
    stm8tool("sim", "create", "b.chip", "--part", "stm8s103f3", cwd=project.folder)
    options = ["upload_protocol = custom", "upload_port = sim:b.chip", f"upload_flags = {STM8FLASH} -w"]
    project.configure("\n".join(["stm8sblue", *options, "upload_command = stm8flash $UPLOAD_FLAGS $SOURCE"]))
    return project


@pytest.mark.platform
def test_stm8flash_in_an_upload_command_is_ours_where_no_package_has_one(custom: Project) -> None:
    result = custom.run("upload", PATH=os.pathsep.join(["/usr/bin", "/bin"]) if os.name != "nt" else os.environ["PATH"])
    assert result.code == 0, result.output
    assert "Bytes written: " in result.output


@pytest.mark.platform
def test_the_other_targets_leave_out_the_flags_of_an_own_command_and_say_so_with_v(custom: Project) -> None:
    result = custom.run("upload", "verify", "dump", "options", "unlock", options=("-v",))
    assert result.code == 0, result.output
    for target in ("verify", "dump", "options", "unlock"):
        line = f"{target}: upload_flags are left out: they belong to the project's own upload command"
        assert line in result.output.splitlines()
    assert "verified: " in result.output


@pytest.mark.platform
@pytest.mark.parametrize(
    ("options", "left_out"),
    [
        ("upload_command = $UPLOADER $UPLOADERFLAGS $SOURCE", True),
        ("upload_command = mytool ${UPLOAD_FLAGS} $SOURCE", True),
        ("upload_command = mytool $SOURCE", False),
        ("upload_protocol = custom\nupload_command = mytool $SOURCE", True),
        ("", False),
    ],
)
def test_flags_are_left_out_where_the_own_command_has_them(project: Project, options: str, left_out: bool) -> None:
    project.configure(f"stm8sblue\nupload_flags = --region flash\n{options}", recorder=True)
    result = project.run("reset")
    assert result.code == 0, result.output
    assert ("--region" in project.calls()[0]) != left_out


@pytest.mark.platform
@pytest.mark.parametrize(
    "script",
    [
        f'env.Replace(UPLOADCMD="stm8flash {STM8FLASH} -w $SOURCE")',
        f'env.Replace(UPLOADER="stm8flash", UPLOADERFLAGS="{STM8FLASH} -w".split())',
        f'env.Replace(UPLOADER="stm8flash", UPLOADERFLAGS="{STM8FLASH}",'
        ' UPLOADCMD="$UPLOADER $UPLOADERFLAGS -w $SOURCE")',
    ],
)
def test_stm8flash_of_a_script_is_ours(project: Project, script: str) -> None:
    stm8tool("sim", "create", "b.chip", "--part", "stm8s103f3", cwd=project.folder)
    (project.folder / "post.py").write_text(f'Import("env")\n{script}\n', encoding="utf-8")
    project.configure("stm8sblue\nextra_scripts = post.py")
    result = project.run("upload")
    assert result.code == 0, result.output
    assert "Bytes written: " in result.output


@pytest.mark.platform
def test_another_stm8flash_stays_another(project: Project) -> None:
    command = "upload_command = ./stm8flash $UPLOAD_PORT $SOURCE"
    project.configure(f"stm8sblue\nupload_protocol = custom\n{command}", recorder=True)
    write_program(project.folder / "stm8flash", RECORDER)
    result = project.run("upload", PATH=os.pathsep.join([str(project.folder), os.environ["PATH"]]))
    assert result.code == 0, result.output
    assert project.calls()[0][-1] == HEX


@pytest.mark.platform
def test_a_project_that_brings_a_package_with_stm8flash_runs_that(project: Project, tmp_path: Path) -> None:
    package = tmp_path / "own"
    package.mkdir()
    manifest = {"name": "tool-stm8flash", "version": "9.9.9"}
    (package / "package.json").write_text(json.dumps(manifest), encoding="utf-8")
    write_program(package / "stm8flash", RECORDER)
    options = [f"platform_packages = tool-stm8flash@symlink://{package}", "upload_command = stm8flash -w $SOURCE"]
    project.configure("\n".join(["stm8sblue", "upload_protocol = custom", *options]))
    result = project.run("upload")
    assert result.code == 0, result.output
    assert project.calls() == [["-w", HEX]]
