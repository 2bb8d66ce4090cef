"""builder/stm8build/elf.py against hand-made ELF files and against SDCC's own Intel HEX."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from elf_files import ALLOC, make_elf
from patience import LIMIT_S
from pio import Core, loaded_bytes
from stm8build import elf


def hex_of(image: bytes, ram_size: int = 1024) -> str:
    return "\n".join(elf.hex_records(elf.sections(image, ram_size)))


def test_what_lies_in_the_ram_is_left_out_and_what_holds_bytes_is_kept() -> None:
    image = make_elf(
        ("DATA", 1, bytes(8), ALLOC),
        ("INITIALIZED", 9, b"\x55", ALLOC),
        ("OWN_DATA", 0x100, bytes(4), ALLOC),
        ("HOME", 0x8000, b"\x82\x00", ALLOC),
        ("CABS1", 0x4000, b"\x07", ALLOC),
        (".debug_info", 0, b"dwarf", ALLOC),
        (".comment", 0, b"text", 0),
    )
    assert loaded_bytes(hex_of(image)) == {0x4000: 0x07, 0x8000: 0x82, 0x8001: 0x00}


def test_code_that_was_linked_into_the_ram_by_mistake_is_not_dropped_in_silence() -> None:
    assert loaded_bytes(hex_of(make_elf(("CODE", 0, b"\x81", ALLOC)))) == {0: 0x81}


def test_a_section_across_64_kib_is_split_with_an_extended_address() -> None:
    records = hex_of(make_elf(("CODE", 0xFFFE, b"abcd", ALLOC))).splitlines()
    assert records == [":02FFFE0061623E", ":020000040001F9", ":02000000636437", ":00000001FF"]


@pytest.mark.parametrize("size", [1, 15, 16, 17, 33])
def test_every_byte_is_in_the_records(size: int) -> None:
    data = bytes(range(1, size + 1))
    assert loaded_bytes(hex_of(make_elf(("CODE", 0x8003, data, ALLOC)))) == dict(enumerate(data, 0x8003))


@pytest.mark.parametrize("image", [b"", b"\x7fELF", b"\x7fELF\x02\x01" + bytes(60), b"\x7fELF\x01\x02" + bytes(10)])
def test_another_file_is_refused(image: bytes) -> None:
    with pytest.raises(elf.ElfError):
        elf.sections(image, 1024)


def test_sections_that_overlap_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "firmware.elf"
    file.write_bytes(make_elf(("CODE", 0x8000, b"abcd", ALLOC), ("CABS0", 0x8003, b"x", ALLOC)))
    assert elf.main(["hex", "1024", str(file), str(tmp_path / "firmware.hex")]) == 1
    assert capsys.readouterr().err == f"error: {file}: the data overlaps at 0x008003\n"
    assert not (tmp_path / "firmware.hex").exists()


def test_a_file_that_is_cut_short_is_refused() -> None:
    whole = make_elf(("CODE", 0x8000, b"program", ALLOC))
    for length in range(len(whole)):
        with pytest.raises(elf.ElfError):
            elf.sections(whole[:length], 1024)


def test_the_script_names_a_file_that_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "firmware.elf"
    file.write_bytes(b"nonsense")
    assert elf.main(["size", "1024", str(file)]) == 1
    assert capsys.readouterr().err == f"error: {file}: not a 32-bit big-endian ELF\n"


@pytest.mark.parametrize(
    ("used", "too_big", "message"),
    [
        (500, False, ""),
        (960, False, ""),
        (961, False, "warning: only 63 bytes of 1024 bytes RAM are left for the stack"),
        (1024, False, "warning: only 0 bytes of 1024 bytes RAM are left for the stack"),
        (1025, True, "error: the variables need 1025 bytes, the RAM has 1024"),
    ],
)
def test_the_variables_must_fit_the_ram_and_leave_a_stack(used: int, too_big: bool, message: str) -> None:
    image = make_elf(("DATA", 1, bytes(used - 20), ALLOC), ("INITIALIZED", used, bytes(20), ALLOC))
    assert elf.ram_problem(elf.sections(image, 1024), 1024) == (too_big, message)


def test_variables_that_do_not_fit_are_a_warning_with_sduino(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "firmware.elf"
    file.write_bytes(make_elf(("DATA", 1, bytes(1140), ALLOC), ("CODE", 0x8000, b"\x81", ALLOC)))
    assert elf.main(["check", "1024", str(file), "medium"]) == 1
    assert capsys.readouterr().err == "error: the variables need 1140 bytes, the RAM has 1024\n"
    assert elf.main(["check", "1024", str(file), "medium", "arduino"]) == 0
    overlap = "the end of them is lost, or shared with the stack"
    assert capsys.readouterr().err == f"warning: the variables need 1140 bytes, the RAM has 1024: {overlap}\n"


@pytest.mark.parametrize(
    ("section", "model", "message"),
    [
        (("CODE", 0xFFF0, 16), "medium", ""),
        (
            ("CODE", 0xFFF0, 17),
            "medium",
            "error: the program ends at 0x010001; board_build.memory_model = medium reaches up to 0x00FFFF, "
            "large reaches all",
        ),
        (("CODE", 0xFFF0, 17), "large", ""),
        (("CONST", 0xFFF0, 16), "large", ""),
        (
            ("CONST", 0xFFF0, 17),
            "large",
            "error: the constants end at 0x010001; SDCC's pointers reach up to 0x00FFFF",
        ),
        (("MY_FONT", 0x10000, 100), "medium", ""),  # placed by the project, and reached by its own code
    ],
)
def test_code_and_constants_must_lie_where_sdcc_s_addresses_reach(
    section: tuple[str, int, int], model: str, message: str
) -> None:
    name, address, size = section
    image = make_elf(("HOME", 0x8000, b"\x82", ALLOC), (name, address, bytes([1]) * size, ALLOC))
    assert elf.reach_problem(elf.sections(image, 1024), model) == message


@pytest.mark.parametrize("command", ["size", "hex", "check"])
def test_a_program_that_the_linker_did_not_write_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    file = tmp_path / "firmware.elf"
    assert elf.main([command, "1024", str(file), "medium"]) == 1
    assert capsys.readouterr().err.startswith(f"error: {file}: the linker wrote no program, because no source has code")


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert elf.main(["size", "1024", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}: cannot be read: ")


def test_a_program_of_variables_only_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "firmware.elf"
    file.write_bytes(make_elf(("DATA", 1, bytes(2), ALLOC)))
    assert elf.main(["check", "1024", str(file), "medium"]) == 1
    assert capsys.readouterr().err.startswith("error: the program has no code, at most variables")
    file.write_bytes(make_elf(("CABS0", 0x4000, b"\0", ALLOC)))  # data for the EEPROM alone
    assert elf.main(["check", "1024", str(file), "medium"]) == 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (make_elf()[:48] + bytes(4), "it has no sections"),
    ],
)
def test_an_elf_without_anything_is_a_sentence(content: bytes, problem: str) -> None:
    with pytest.raises(elf.ElfError, match=problem):
        elf.sections(content, 1024)


def test_a_linked_file_is_settled_in_its_flags_alone(tmp_path: Path) -> None:
    file, whole = tmp_path / "firmware.elf", make_elf(("CODE", 0x8000, b"\x81", ALLOC))
    for flags in (bytes(4), b"\x00\x00\x55\xbe"):
        file.write_bytes(whole[:36] + flags + whole[40:])
        assert elf.settle(str(file)) == ""
        assert file.read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b":00000001FF\n", bytes(100)])
def test_a_file_that_is_no_elf_is_not_touched(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "firmware.elf"
    file.write_bytes(content)
    assert elf.settle(str(file)) == ""
    assert file.read_bytes() == content


def test_code_below_the_flash_is_refused() -> None:
    code = make_elf(("CODE", 0, b"\x81", ALLOC), ("HOME", 0x8000, b"\x82", ALLOC))
    message = elf.order_problem(elf.sections(code, 1024))
    assert message.startswith("error: CODE begins at 0x000000, below the flash: is an assembler source linked before")
    assert elf.order_problem(elf.sections(make_elf(("CODE", 0x8003, b"\x81", ALLOC)), 1024)) == ""


def test_the_check_prints_what_is_wrong_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "firmware.elf"
    file.write_bytes(make_elf(("DATA", 0, bytes(1000), ALLOC), ("CODE", 0xFFF0, bytes(17), ALLOC)))
    assert elf.main(["check", "1024", str(file), "large"]) == 0
    assert capsys.readouterr().err == "warning: only 24 bytes of 1024 bytes RAM are left for the stack\n"
    assert elf.main(["check", "1024", str(file), "medium"]) == 1
    assert "error: the program ends at 0x010001" in capsys.readouterr().err


PROGRAMS = {
    "empty": "void main(void) {}",
    "initialised data": """
        volatile int counter = 0x1234; volatile unsigned char table[40] = {1, 2, 3};
        void main(void) { counter += table[1]; }""",
    "uninitialised data": "volatile char big[300]; void main(void) { big[7]++; }",
    "constants": 'const char text[] = "STM8"; volatile char c; void main(void) { c = text[c]; }',
    "interrupt": "volatile char n; void tick(void) __interrupt(23) { n++; } void main(void) {}",
    "library": "volatile long a = 7, b = 3; void main(void) { a = a * b / 5; }",
    "data EEPROM": "const __at(0x4000) unsigned char saved[3] = {9, 8, 7}; void main(void) {}",
    "option bytes": "const __at(0x4800) unsigned char option = 0x00; void main(void) {}",
    "own sections": """
        #pragma codeseg OWN_CODE
        #pragma constseg OWN_CONST
        const char k[] = {1, 2, 3}; volatile char v[9];
        void main(void) { v[1] = k[v[0]]; }""",
}


@pytest.mark.platform
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_hex_holds_the_same_bytes_as_sdcc_s_own(name: str, core: Core, tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text("\n".join(line.strip() for line in PROGRAMS[name].splitlines()) + "\n")

    def sdcc(*arguments: str) -> None:
        subprocess.run([core.sdcc(), "-mstm8", *arguments], cwd=tmp_path, check=True, timeout=LIMIT_S)

    sdcc("-c", "main.c")
    for form in ("elf", "ihx"):
        sdcc(f"--out-fmt-{form}", "main.rel", "-o", f"main.{form}")
    assert elf.main(["hex", "1024", str(tmp_path / "main.elf"), str(tmp_path / "main.hex")]) == 0
    ours = loaded_bytes((tmp_path / "main.hex").read_text())
    assert ours == loaded_bytes((tmp_path / "main.ihx").read_text())
    assert ours
