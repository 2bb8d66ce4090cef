"""The opcodes of PM0044: one row each, from families that share a pattern of prefix and opcode.

Cycles are those of PM0044's instruction pages, written from memory and so of medium confidence. The opcodes are
checked against uCsim, and the flags too, by a differential test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

PREFIXES = (0x72, 0x90, 0x91, 0x92)

# Addressing modes: bytes of the operand, and how it is written.
MODES = {
    "": (0, ""),
    "A": (0, "A"),
    "X": (0, "X"),
    "Y": (0, "Y"),
    "#byte": (1, "#0x{0:02x}"),
    "#word": (2, "#0x{0:04x}"),
    "short": (1, "0x{0:02x}"),
    "long": (2, "0x{0:04x}"),
    "ext": (3, "0x{0:06x}"),
    "(X)": (0, "(X)"),
    "(Y)": (0, "(Y)"),
    "(byte,X)": (1, "(0x{0:02x},X)"),
    "(byte,Y)": (1, "(0x{0:02x},Y)"),
    "(byte,SP)": (1, "(0x{0:02x},SP)"),
    "(word,X)": (2, "(0x{0:04x},X)"),
    "(word,Y)": (2, "(0x{0:04x},Y)"),
    "(ext,X)": (3, "(0x{0:06x},X)"),
    "(ext,Y)": (3, "(0x{0:06x},Y)"),
    "[short.w]": (1, "[0x{0:02x}.w]"),
    "([short.w],X)": (1, "([0x{0:02x}.w],X)"),
    "([short.w],Y)": (1, "([0x{0:02x}.w],Y)"),
    "[long.w]": (2, "[0x{0:04x}.w]"),
    "([long.w],X)": (2, "([0x{0:04x}.w],X)"),
    "[long.e]": (2, "[0x{0:04x}.e]"),
    "([long.e],X)": (2, "([0x{0:04x}.e],X)"),
    "([long.e],Y)": (2, "([0x{0:04x}.e],Y)"),
    "rel": (1, "0x{0:06x}"),
    # Two operands in one: MOV, and a bit of a byte. The first format field is the first operand in the code.
    "#byte>long": (3, "0x{1:04x},#0x{0:02x}"),
    "short>short": (2, "0x{1:02x},0x{0:02x}"),
    "long>long": (4, "0x{1:04x},0x{0:04x}"),
    "long,#bit": (2, "0x{0:04x},#{bit}"),
    "long,#bit,rel": (3, "0x{0:04x},#{bit},0x{1:06x}"),
}


class Row(NamedTuple):
    """One opcode.

    Attributes:
        prefix: 0x72, 0x90, 0x91, 0x92; 0 for none.
        action: The name in `semantics.py`.
        operands: As written, `{m}` for the operand of the mode.
        reg: The index register that the action works on, "X" or "Y"; or the number of the bit.
        cycles: As PM0044 lists them; the smaller number where it depends.
        flags: Those that may change.
    """

    prefix: int
    opcode: int
    mnemonic: str
    action: str
    operands: str
    mode: str
    reg: str
    cycles: int
    flags: str

    @property
    def length(self) -> int:
        """Bytes of the instruction, with its prefix."""
        return 1 + bool(self.prefix) + MODES[self.mode][0]


# By the low digit of the opcode: the operation and the flags.
_ALU = {
    0x0: ("SUB", "VNZC"),
    0x1: ("CP", "VNZC"),
    0x2: ("SBC", "VNZC"),
    0x4: ("AND", "NZ"),
    0x5: ("BCP", "NZ"),
    0x6: ("LD", "NZ"),
    0x8: ("XOR", "NZ"),
    0x9: ("ADC", "VHNZC"),
    0xA: ("OR", "NZ"),
    0xB: ("ADD", "VHNZC"),
}
_RMW = {
    0x0: ("NEG", "VNZC", 2),
    0x3: ("CPL", "NZC", 2),
    0x4: ("SRL", "NZC", 2),
    0x6: ("RRC", "NZC", 2),
    0x7: ("SRA", "NZC", 2),
    0x8: ("SLL", "NZC", 2),
    0x9: ("RLC", "NZC", 2),
    0xA: ("DEC", "VNZ", 1),
    0xC: ("INC", "VNZ", 1),
    0xD: ("TNZ", "NZ", 2),
    0xE: ("SWAP", "NZ", 1),
    0xF: ("CLR", "NZ", 1),
}
# Prefix, high digit of the opcode, mode, cycles that a pointer adds.
_MEMORY = [
    (0x00, 0xB0, "short", 0),
    (0x00, 0xC0, "long", 0),
    (0x00, 0xD0, "(word,X)", 0),
    (0x00, 0xE0, "(byte,X)", 0),
    (0x00, 0xF0, "(X)", 0),
    (0x90, 0xD0, "(word,Y)", 0),
    (0x90, 0xE0, "(byte,Y)", 0),
    (0x90, 0xF0, "(Y)", 0),
    (0x92, 0xC0, "[short.w]", 3),
    (0x92, 0xD0, "([short.w],X)", 3),
    (0x91, 0xD0, "([short.w],Y)", 3),
    (0x72, 0xC0, "[long.w]", 3),
    (0x72, 0xD0, "([long.w],X)", 3),
]
_RMW_MODES = [
    (0x00, 0x00, "(byte,SP)", 0),
    (0x00, 0x30, "short", 0),
    (0x00, 0x60, "(byte,X)", 0),
    (0x00, 0x70, "(X)", 0),
    (0x90, 0x40, "(word,Y)", 0),
    (0x90, 0x60, "(byte,Y)", 0),
    (0x90, 0x70, "(Y)", 0),
    (0x92, 0x30, "[short.w]", 3),
    (0x92, 0x60, "([short.w],X)", 3),
    (0x91, 0x60, "([short.w],Y)", 3),
    (0x72, 0x30, "[long.w]", 3),
    (0x72, 0x40, "(word,X)", 0),
    (0x72, 0x50, "long", 0),
    (0x72, 0x60, "([long.w],X)", 3),
]
_BRANCHES = {
    0x20: "JRA",
    0x21: "JRF",
    0x22: "JRUGT",
    0x23: "JRULE",
    0x24: "JRNC",
    0x25: "JRC",
    0x26: "JRNE",
    0x27: "JREQ",
    0x28: "JRNV",
    0x29: "JRV",
    0x2A: "JRPL",
    0x2B: "JRMI",
    0x2C: "JRSGT",
    0x2D: "JRSLE",
    0x2E: "JRSGE",
    0x2F: "JRSLT",
    0x9028: "JRNH",
    0x9029: "JRH",
    0x902C: "JRNM",
    0x902D: "JRM",
    0x902E: "JRIL",
    0x902F: "JRIH",
}
# Prefix and opcode, mnemonic, action, operands, mode, register, cycles, flags.
_SINGLE = """
    01   RRWA  RRWA    X,A    -           X 1  NZ
    02   RLWA  RLWA    X,A    -           X 1  NZ
    9001 RRWA  RRWA    Y,A    -           Y 1  NZ
    9002 RLWA  RLWA    Y,A    -           Y 1  NZ
    16   LDW   LDW     Y,{m}  (byte,SP)   Y 2  NZ
    17   LDW   STW     {m},Y  (byte,SP)   Y 2  NZ
    1E   LDW   LDW     X,{m}  (byte,SP)   X 2  NZ
    1F   LDW   STW     {m},X  (byte,SP)   X 2  NZ
    13   CPW   CPW     X,{m}  (byte,SP)   X 2  VNZC
    1C   ADDW  ADDW    X,{m}  #word       X 2  VHNZC
    1D   SUBW  SUBW    X,{m}  #word       X 2  VHNZC
    72A2 SUBW  SUBW    Y,{m}  #word       Y 2  VHNZC
    72A9 ADDW  ADDW    Y,{m}  #word       Y 2  VHNZC
    72B0 SUBW  SUBW    X,{m}  long        X 2  VHNZC
    72B2 SUBW  SUBW    Y,{m}  long        Y 2  VHNZC
    72B9 ADDW  ADDW    Y,{m}  long        Y 2  VHNZC
    72BB ADDW  ADDW    X,{m}  long        X 2  VHNZC
    72F0 SUBW  SUBW    X,{m}  (byte,SP)   X 2  VHNZC
    72F2 SUBW  SUBW    Y,{m}  (byte,SP)   Y 2  VHNZC
    72F9 ADDW  ADDW    Y,{m}  (byte,SP)   Y 2  VHNZC
    72FB ADDW  ADDW    X,{m}  (byte,SP)   X 2  VHNZC
    31   EXG   EXG     A,{m}  long        - 3  -
    32   POP   POPM    {m}    long        - 1  -
    3B   PUSH  PUSHM   {m}    long        - 1  -
    35   MOV   MOV     {m}    #byte>long  - 1  -
    45   MOV   MOV     {m}    short>short - 1  -
    55   MOV   MOV     {m}    long>long   - 1  -
    41   EXG   EXGL    A,XL   -           X 1  -
    61   EXG   EXGL    A,YL   -           Y 1  -
    42   MUL   MUL     X,A    -           X 4  HC
    9042 MUL   MUL     Y,A    -           Y 4  HC
    62   DIV   DIV     X,A    -           X 2  VHNZC
    9062 DIV   DIV     Y,A    -           Y 2  VHNZC
    65   DIVW  DIVW    X,Y    -           - 2  VHNZC
    4B   PUSH  PUSHM   {m}    #byte       - 1  -
    51   EXGW  EXGW    X,Y    -           - 1  -
    52   SUB   SUBSP   SP,{m} #byte       - 1  -
    5B   ADD   ADDSP   SP,{m} #byte       - 2  -
    6B   LD    ST      {m},A  (byte,SP)   - 1  NZ
    7B   LD    LD      A,{m}  (byte,SP)   - 1  NZ
    80   IRET  IRET    -      -           - 11 VIHNZC
    81   RET   RET     -      -           - 4  -
    82   INT   INT     {m}    ext         - 2  -
    83   TRAP  TRAP    -      -           - 9  I
    84   POP   POP     A      -           - 1  -
    85   POPW  POPW    X      -           X 2  -
    9085 POPW  POPW    Y      -           Y 2  -
    86   POP   POPCC   CC     -           - 1  VIHNZC
    87   RETF  RETF    -      -           - 5  -
    88   PUSH  PUSH    A      -           - 1  -
    89   PUSHW PUSHW   X      -           X 2  -
    9089 PUSHW PUSHW   Y      -           Y 2  -
    8A   PUSH  PUSHCC  CC     -           - 1  -
    8B   BREAK BREAK   -      -           - 1  -
    8C   CCF   CCF     -      -           - 1  C
    8D   CALLF CALLF   {m}    ext         - 5  -
    928D CALLF CALLF   {m}    [long.e]    - 8  -
    8E   HALT  HALT    -      -           - 10 I
    8F   WFI   WFI     -      -           - 10 I
    728F WFE   WFE     -      -           - 1  -
    93   LDW   MOVXY   X,Y    -           X 1  -
    9093 LDW   MOVXY   Y,X    -           Y 1  -
    94   LDW   TOSP    SP,X   -           X 1  -
    9094 LDW   TOSP    SP,Y   -           Y 1  -
    95   LD    TOHIGH  XH,A   -           X 1  -
    9095 LD    TOHIGH  YH,A   -           Y 1  -
    96   LDW   FROMSP  X,SP   -           X 1  -
    9096 LDW   FROMSP  Y,SP   -           Y 1  -
    97   LD    TOLOW   XL,A   -           X 1  -
    9097 LD    TOLOW   YL,A   -           Y 1  -
    98   RCF   RCF     -      -           - 1  C
    99   SCF   SCF     -      -           - 1  C
    9A   RIM   RIM     -      -           - 1  I
    9B   SIM   SIM     -      -           - 1  I
    9C   RVF   RVF     -      -           - 1  V
    9D   NOP   NOP     -      -           - 1  -
    9E   LD    HIGH    A,XH   -           X 1  -
    909E LD    HIGH    A,YH   -           Y 1  -
    9F   LD    LOW     A,XL   -           X 1  -
    909F LD    LOW     A,YL   -           Y 1  -
    A3   CPW   CPW     X,{m}  #word       X 2  VNZC
    90A3 CPW   CPW     Y,{m}  #word       Y 2  VNZC
    AE   LDW   LDW     X,{m}  #word       X 2  NZ
    90AE LDW   LDW     Y,{m}  #word       Y 2  NZ
    BC   LDF   LD      A,{m}  ext         - 1  NZ
    BD   LDF   ST      {m},A  ext         - 1  NZ
    A7   LDF   ST      {m},A  (ext,X)     - 1  NZ
    AF   LDF   LD      A,{m}  (ext,X)     - 1  NZ
    90A7 LDF   ST      {m},A  (ext,Y)     - 1  NZ
    90AF LDF   LD      A,{m}  (ext,Y)     - 1  NZ
    92A7 LDF   ST      {m},A  ([long.e],X) - 4 NZ
    92AF LDF   LD      A,{m}  ([long.e],X) - 5 NZ
    91A7 LDF   ST      {m},A  ([long.e],Y) - 4 NZ
    91AF LDF   LD      A,{m}  ([long.e],Y) - 5 NZ
    92BC LDF   LD      A,{m}  [long.e]    - 5  NZ
    92BD LDF   ST      {m},A  [long.e]    - 4  NZ
    AC   JPF   JPF     {m}    ext         - 2  -
    92AC JPF   JPF     {m}    [long.e]    - 6  -
    AD   CALLR CALLR   {m}    rel         - 4  -
    90B3 CPW   CPW     Y,{m}  short       Y 2  VNZC
    90BE LDW   LDW     Y,{m}  short       Y 2  NZ
    90BF LDW   STW     {m},Y  short       Y 2  NZ
    90C3 CPW   CPW     Y,{m}  long        Y 2  VNZC
    90CE LDW   LDW     Y,{m}  long        Y 2  NZ
    90CF LDW   STW     {m},Y  long        Y 2  NZ
    91C3 CPW   CPW     Y,{m}  [short.w]   Y 5  VNZC
    91CE LDW   LDW     Y,{m}  [short.w]   Y 5  NZ
    91CF LDW   STW     {m},Y  [short.w]   Y 5  NZ
"""


def _rows() -> Iterator[Row]:
    yield from _single_rows()
    for code, mnemonic in _BRANCHES.items():
        yield Row(code >> 8, code & 0xFF, mnemonic, mnemonic, "{m}", "rel", "", 2 if mnemonic == "JRA" else 1, "")
    yield from _alu_rows()
    yield from _memory_rows()
    for low, (mnemonic, flags, word_cycles) in _RMW.items():
        yield Row(0, 0x40 | low, mnemonic, mnemonic, "A", "A", "", 1, flags)
        for prefix, high, mode, extra in _RMW_MODES:
            yield Row(prefix, high | low, mnemonic, mnemonic, "{m}", mode, "", 1 + extra, flags)
        for prefix, reg in ((0, "X"), (0x90, "Y")):
            name = mnemonic + "W"
            yield Row(prefix, 0x50 | low, name, name, reg, reg, reg, word_cycles, flags)
    for bit in range(8):
        for odd, (tests, sets, toggles) in enumerate((("BTJT", "BSET", "BCPL"), ("BTJF", "BRES", "BCCM"))):
            low = bit * 2 + odd
            yield Row(0x72, low, tests, tests, "{m}", "long,#bit,rel", str(bit), 2, "C")
            yield Row(0x72, 0x10 | low, sets, sets, "{m}", "long,#bit", str(bit), 1, "")
            yield Row(0x90, 0x10 | low, toggles, toggles, "{m}", "long,#bit", str(bit), 1, "")


def _single_rows() -> Iterator[Row]:
    for line in _SINGLE.strip().splitlines():
        code, mnemonic, action, *rest, cycles, flags = line.split()
        operands, mode, reg = ("" if word == "-" else word for word in rest)
        number = int(code, 16)
        flags = "" if flags == "-" else flags
        yield Row(number >> 8, number & 0xFF, mnemonic, action, operands, mode, reg, int(cycles), flags)


def _alu_rows() -> Iterator[Row]:
    """The operations of A with a byte."""
    for low, (mnemonic, flags) in _ALU.items():
        yield Row(0, 0xA0 | low, mnemonic, mnemonic, "A,{m}", "#byte", "", 1, flags)
        for prefix, high, mode, extra in _MEMORY:
            yield Row(prefix, high | low, mnemonic, mnemonic, "A,{m}", mode, "", 1 + extra, flags)
        if mnemonic != "LD":
            yield Row(0, 0x10 | low, mnemonic, mnemonic, "A,{m}", "(byte,SP)", "", 1, flags)


def _memory_rows() -> Iterator[Row]:
    """The words and jumps that share the modes of the operations on A.

    The register of LDW is the one that indexes. The one that is stored or compared is the other, as it must differ.
    """
    for prefix, high, mode, extra in _MEMORY:
        indexed = mode.endswith(("X)", "Y)"))
        own = "Y" if mode.endswith("Y)") else "X"
        other = {"X": "Y", "Y": "X"}[own] if indexed else own
        yield Row(prefix, high | 0x7, "LD", "ST", "{m},A", mode, "", 1 + extra, "NZ")
        yield Row(prefix, high | 0x3, "CPW", "CPW", other + ",{m}", mode, other, 2 + extra, "VNZC")
        yield Row(prefix, high | 0xE, "LDW", "LDW", own + ",{m}", mode, own, 2 + extra, "NZ")
        yield Row(prefix, high | 0xF, "LDW", "STW", "{m}," + other, mode, other, 2 + extra, "NZ")
        if mode != "short":  # BC and BD are LDF
            pointed = bool(extra)
            yield Row(prefix, high | 0xC, "JP", "JP", "{m}", mode, "", 5 if pointed else 1, "")
            yield Row(prefix, high | 0xD, "CALL", "CALL", "{m}", mode, "", 6 if pointed else 4, "")


TABLE: dict[tuple[int, int], Row] = {(row.prefix, row.opcode): row for row in _rows()}
