"""The job file of `produce`: TOML 1.0 on each Python, and everything that is wrong with it, told at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from documents import first_cells, read, section
from stm8tool.chip.options.plan import Danger
from stm8tool.errors import Code, UsageError
from stm8tool.image import Segment, save
from stm8tool.production import job as jobs
from stm8tool.production import keys, toml_text
from stm8tool.production.job import ProductionJob
from stm8tool.words import JOB

HEAD = 'part = "stm8s103f3"\nimage = "firmware.hex"\nlog = "log.jsonl"\n'
SOCKET = '[[socket]]\nprobe = "usb:1-2"\n'
SERIAL = '[serial_number]\naddress = 0x4000\nformat = "u32"\nfile = "next.txt"\n'


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save("firmware.hex", [Segment(0x8000, bytes.fromhex("82008004 20FE"))])
    save("options.hex", [Segment(0x4803, b"\x01\xfe")])
    Path("next.txt").write_text("41\n", encoding="ascii")


def loaded(text: str) -> ProductionJob:
    Path("job.toml").write_text(text, encoding="utf-8")
    return jobs.load("job.toml")


def problems(text: str) -> list[str]:
    """Return what is wrong with a job, as the error tells it."""
    with pytest.raises(UsageError) as raised:
        loaded(text)
    error = raised.value
    assert error.code is Code.JOB
    assert error.hint
    assert error.exit_code == 2
    return list(error.details_in(JOB)) or [str(error).partition("job.toml: ")[2]]


# -- values that are too much for Python -----------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["0x" + "F" * 5000, "[0x" + "F" * 5000 + "]"])
def test_a_number_with_thousands_of_digits_is_a_wrong_value(value: str) -> None:
    (line,) = problems(f"base = {value}\n{HEAD}{SOCKET}")
    assert line.startswith("base: ")
    assert line.endswith(" is not an address such as 0x8000")


@pytest.mark.parametrize("pattern", ["^ok", "ok [0-9]+$"])
def test_a_regular_expression_is_refused_with_what_a_pattern_may_have(pattern: str) -> None:
    (line,) = problems(f"{HEAD}[self_test]\nline = '{pattern}'\n{SOCKET}")
    assert line.startswith(f"self_test.line: '{pattern}' is a regular expression (a pattern fits the whole line; ")


def test_a_pattern_has_a_limit() -> None:
    (line,) = problems(f"{HEAD}[self_test]\nline = '{'*' * 1001}'\n{SOCKET}")
    assert line == "self_test.line: it has more than 1000 characters"


def test_a_byte_order_mark_does_no_harm() -> None:
    assert loaded(f"\ufeff{HEAD}{SOCKET}").name == "job"


@pytest.mark.parametrize("name", [r"a\nb", r"\u001b[2J", " A", "A ", " "])
def test_a_name_is_a_text_in_one_line(name: str) -> None:
    assert problems(f'{HEAD}{SOCKET}name = "{name}"\n')[0].endswith(
        "is not a text in one line, without spaces around it"
    )
    assert problems(f'name = "{name}"\n{HEAD}{SOCKET}')[0].startswith("name: ")


# -- TOML ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (r'name = "\x41"', r"the escape \x"),
        (r'name = "a\e"', r"the escape \e"),
        ('name = """\nline\n\\x41"""', r"the escape \x"),
        ("table = { a = 1, }", "a comma at the end of an inline table"),
        ("table = { a = 1,\n b = 2 }", "a line break in an inline table"),
        ("table = { a = { b = 1 }\n}", "a line break in an inline table"),
    ],
)
def test_what_only_toml_1_1_has_is_refused_on_each_python(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=re.escape("this is not TOML 1.0: ")) as raised:
        toml_text.parse(text)
    newer = toml_text._newer(text)
    assert newer is not None
    assert newer.endswith(why)
    assert raised.value.code is Code.JOB


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'name = "C:\\new\\x.hex"', "C:\\new\\x.hex"),
        (r"name = 'C:\new\x.hex'", "C:\\new\\x.hex"),
        ('name = "# { , }"  # { , }\n', "# { , }"),
        ('name = """a"""""', 'a""'),
        ("name = '''a\\x'''", "a\\x"),
        ("name = [\n 1,\n]", [1]),
        ("name = { a = [\n 1,\n] }", {"a": [1]}),
        ('name = {a="}"}\n', {"a": "}"}),
        ('name = "a\\"{,}"', 'a"{,}'),
    ],
)
def test_what_toml_1_0_has_is_taken(text: str, value: object) -> None:
    assert toml_text.parse(text) == {"name": value}


@pytest.mark.parametrize("text", ["part", 'part = "a"\npart = "b"', "a = " + "[" * 5000, "a = 1" + "0" * 5000])
def test_a_text_that_is_not_toml_is_one_error(text: str) -> None:
    assert len(problems(text)) == 1


def test_a_file_that_is_not_text_or_not_there_is_an_error() -> None:
    Path("job.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"job\.toml: this is not a text in UTF-8"):
        jobs.load("job.toml")
    with pytest.raises(UsageError, match=r"none\.toml: cannot be read"):
        jobs.load("none.toml")


# -- the keys --------------------------------------------------------------------------------------------------------


def test_the_page_has_a_row_for_each_key_with_its_default() -> None:
    cells = first_cells(section(read("docs/production.md"), "The job file"))
    wanted = {f"{table}.{key.name}" if table else key.name for table, rows in keys.TABLES.items() for key in rows}
    tables = {"options", "serial_number", "self_test", "socket"}
    assert set(cells) == wanted - tables


def test_a_small_job_has_the_defaults_of_the_page() -> None:
    job = loaded(HEAD + SOCKET)
    assert (job.name, job.part.name, job.image.size) == ("job", "STM8S103F3", 6)
    assert (job.unlock, job.verify, job.lock, job.loader, job.by_contact) == (True, True, False, True, True)
    assert (job.serial, job.self_test, job.stop_after, job.log) == (None, None, None, Path("log.jsonl"))
    assert [socket.name for socket in job.sockets] == ["1"]
    assert not Path("log.jsonl").exists()


def test_all_problems_are_told_at_once_each_with_its_key() -> None:
    found = problems(
        'part = "stm8s999"\nimage = ["none.hex"]\nunlock = "yes"\nverify = 1\nlok = true\nstop_after_failures = 0\n'
        'log = "no/such/folder/log.jsonl"\n[serial_number]\naddress = "0x4000"\nformat = "u31"\n'
        '[[socket]]\nprobe = 5\n[[socket]]\nprobe = "serial:COM3"\ncolour = "red"\n'
    )
    begins = [
        "lok: there is no such key (did you mean lock?)",
        'unlock: \'yes\' is not "auto" or "never"',
        'verify: 1 is not true, false or "read"',
        "stop_after_failures: 0 is not a whole number from 1 to 1000",
        "serial_number.address: '0x4000' is not an address such as 0x8000",
        "serial_number.file: it is missing",
        "socket[1].probe: 5 is not a text",
        "socket[2].colour: there is no such key",
        "socket[2].probe: serial:COM3 is a serial port",
        "part: unknown part 'stm8s999'",
        f"log: {Path('no/such/folder/log.jsonl')}: the log cannot be written",
    ]
    assert len(found) == len(begins), found
    for line, begin in zip(found, begins):
        assert line.startswith(begin), line


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("base = true\n", "base: true is not an address"),
        ("start = 07:32:00\n", "start: datetime.time(7, 32) is not"),
        ('image = "none.hex"\n', "image: none.hex: no such file"),
        ("stop_after_failures = true\n", "stop_after_failures: true is not a whole number"),
        ("verify = 1.0\n", "verify: 1.0 is not true, false"),
        ('socket = "usb:1-2"\n', "socket: 'usb:1-2' is not one or more tables"),
        ("options = 5\n", "options: 5 is not a table"),
        ("socket = []\n", "socket: [] is not one or more tables"),
    ],
)
def test_a_wrong_value_is_told_with_its_key(more: str, found: str) -> None:
    name = more.partition(" ")[0]
    head = "".join(line for line in HEAD.splitlines(keepends=True) if not line.startswith(f"{name} "))
    socket = "" if name == "socket" else SOCKET
    (line,) = problems(head + more + socket)
    assert line.startswith(found)


# -- the image and what goes with it ---------------------------------------------------------------------------------


def test_data_outside_of_the_part_are_a_problem() -> None:
    save("firmware.hex", [Segment(0x8000, b"\x82"), Segment(0x2000, b"\x01")])
    (line,) = problems(HEAD + SOCKET)
    assert line.startswith("image: the image has data at 0x002000")
    assert "--" not in line


def test_a_raw_binary_needs_a_base() -> None:
    Path("firmware.bin").write_bytes(b"\x82\x00\x80\x04\x20\xfe")
    head = HEAD.replace("firmware.hex", "firmware.bin")
    (line,) = problems(head + SOCKET)
    assert "add base = 0x8000" in line
    assert loaded(head + "base = 0x8000\n" + SOCKET).image.segments[0].address == 0x8000


def test_the_hash_of_each_image_file_is_that_of_sha256sum() -> None:
    job = loaded(HEAD + SOCKET)
    import hashlib

    assert job.files == (("firmware.hex", hashlib.sha256(Path("firmware.hex").read_bytes()).hexdigest()),)


@pytest.mark.parametrize(
    ("serial", "found"),
    [
        (SERIAL.replace("0x4000", "0x8002"), "serial_number.address: the image has data at 0x008002"),
        (SERIAL.replace("0x4000", "0x0100"), "serial_number.address: the image has data at 0x000100"),
        (SERIAL.replace("u32", "u31"), "serial_number: serial number "),
        (SERIAL.replace("u32", "SN%06d,x"), "serial_number"),
        (SERIAL.replace("u32", "%01d"), "serial_number.file: next.txt: number 41 does not fit"),
        (SERIAL.replace("next.txt", "none.txt"), "serial_number.file: none.txt: no such file"),
        (SERIAL.replace("next.txt", "firmware.hex"), "serial_number.file: firmware.hex: the file does not hold one"),
    ],
)
def test_a_serial_number_that_cannot_be_used_is_a_problem(serial: str, found: str) -> None:
    (line,) = problems(HEAD + serial + SOCKET)
    assert line.startswith(found)
    assert Path("next.txt").read_text(encoding="ascii") == "41\n"


@pytest.mark.parametrize("name", ["firmware.hex", "next.txt", "job.toml"])
def test_a_file_with_something_else_is_never_the_log(name: str) -> None:
    before = {file: Path(file).read_bytes() for file in ("firmware.hex", "next.txt")}
    (line,) = problems(HEAD.replace("log.jsonl", name) + SERIAL + SOCKET)
    assert line == f"log: {name}: this file is not a production log (choose another name: nothing was written)"
    assert {file: Path(file).read_bytes() for file in before} == before


# -- option bytes ----------------------------------------------------------------------------------------------------


def test_option_bytes_by_name_and_from_a_file() -> None:
    by_name = loaded(HEAD + '[options]\nset = ["AFR=0x01"]\n' + SOCKET)
    assert by_name.options.settings == ("AFR=0x01",)
    by_file = loaded(HEAD + '[options]\nfile = "options.hex"\n' + SOCKET)
    assert [segment.address for segment in by_file.image.segments] == [0x4803, 0x8000]


def test_an_image_with_option_bytes_is_a_file_of_them_too() -> None:
    save("firmware.hex", [Segment(0x8000, b"\x82\x00\x80\x04\x20\xfe"), Segment(0x4803, b"\x01\xfe")])
    (line,) = problems(HEAD + SOCKET)
    assert line.startswith("image: ")
    job = loaded(HEAD + '[options]\nfile = "firmware.hex"\n' + SOCKET)
    assert job.options.held.size == 2


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ('set = ["AFR=0x1FF"]', "options.set: AFR=0x1FF: an option byte goes from 0x00 to 0xFF"),
        ('set = ["NONE=1"]', "options.set: the STM8S103F3 has no option byte NONE"),
        ('set = ["MISC.IWDG_HW=1"]', "options.set: MISC.IWDG_HW starts a watchdog at each reset (options.allow"),
        ('set = ["ROP=0xAA"]', "options.set: ROP locks the chip before the job is done (write lock = true"),
        ('set = ["AFR=0x01"]\nallow = ["lock"]', 'options.allow: "lock" is not a danger of this job'),
        ('set = ["AFR=0x01"]\nallow = ["fire"]', "options.allow: there is no danger 'fire' (known: watchdog"),
        ('set = ["AFR=0x01"]\nfile = "options.hex"', "options.file: the job has options.set, too"),
        ('allow = ["watchdog"]', "options: it names no option byte"),
        ('file = "firmware.hex"', "options.file: firmware.hex holds no option bytes"),
        ('file = "none.hex"', "options.file: none.hex: no such file"),
    ],
)
def test_option_bytes_that_are_wrong_or_dangerous_without_consent_are_a_problem(options: str, found: str) -> None:
    lines = problems(f"{HEAD}[options]\n{options}\n{SOCKET}")
    assert lines[0].startswith(found), lines


def test_a_danger_with_consent_is_no_problem() -> None:
    job = loaded(f'{HEAD}[options]\nset = ["MISC.IWDG_HW=1"]\nallow = ["watchdog"]\n{SOCKET}')
    assert job.options.allowed == {Danger.WATCHDOG}


# -- the sockets and the self-test -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("usb:1-2", "USB:1-2", "may be the probe of socket 1, too"),
        ("066DFF", "066D", "may be the probe of socket 1, too"),
        ("sim:a.chip", "sim:./a.chip", "may be the probe of socket 1, too"),
        ("usb:1-2", "stlinkv2", "does not say which one"),
    ],
)
def test_two_sockets_never_share_a_probe(first: str, second: str, found: str) -> None:
    lines = problems(f'{HEAD}[[socket]]\nprobe = "{first}"\n[[socket]]\nprobe = "{second}"\n')
    assert lines[-1].startswith("socket[2].probe: ")
    assert found in lines[-1]


def test_two_sockets_never_share_a_name() -> None:
    text = '[[socket]]\nname = "A"\nprobe = "usb:1-2"\n[[socket]]\nname = "A"\nprobe = "usb:1-3"\n'
    assert problems(HEAD + text) == ["socket[2].name: two sockets are called 'A'"]


def test_one_socket_may_have_any_probe() -> None:
    assert loaded(HEAD + '[[socket]]\nprobe = "stlink"\n').sockets[0].probe == "stlink"


def test_files_and_simulated_boards_are_relative_to_the_job_file() -> None:
    Path("inner").mkdir()
    for name in ("firmware.hex", "next.txt"):
        Path(name).rename(Path("inner", name))
    text = HEAD + SERIAL + '[[socket]]\nprobe = "sim:a.chip"\n'
    Path("inner", "job.toml").write_text(text, encoding="utf-8")
    job = jobs.load("inner/job.toml")
    assert job.serial is not None
    assert job.log == Path("inner/log.jsonl")
    assert job.serial.file == Path("inner/next.txt")
    assert job.sockets[0].probe == f"sim:{Path('inner', 'a.chip')}"


def test_a_self_test_has_a_pattern_and_a_limit() -> None:
    job = loaded(HEAD + '[self_test]\nline = "ok*"\nseconds = 2\n' + SOCKET)
    assert job.self_test is not None
    assert (job.self_test.pattern, job.self_test.seconds, job.self_test.symbols) == ("ok*", 2.0, None)
    (line,) = problems(HEAD + '[self_test]\nline = "x"\nseconds = 0\n' + SOCKET)
    assert line.startswith("self_test.seconds: 0 is not a number above 0")
