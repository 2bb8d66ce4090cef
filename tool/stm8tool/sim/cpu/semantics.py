"""The lines of Python for each action; `generate.py` fills in the operands.

The registers are locals: a, x, y, sp. The flags are kept in the form that costs least:

    cf  C: 0 or 1
    nv  N: bit 7
    zv  Z: set if zv is 0
    vf  V: bit 7
    hf  H: bit 4
    im  I1 and I0, at their places in CC (0x28)

A line `flag = expression` may be left out if nothing reads that flag before it is set again. Temporary names: b is a
byte that was read, w a word, r a result, u anything. `R` and `S` stand for the index register and the other one.
"""

from __future__ import annotations

FLAGS = ("cf", "nv", "zv", "vf", "hf")
CC = "(vf & 128 | im | hf & 16 | (nv & 128) >> 5 | (0 if zv else 2) | cf)"
SET_CC = "vf = {0} & 128; hf = {0} & 16; nv = ({0} & 4) << 5; zv = ~{0} & 2; cf = {0} & 1; im = {0} & 40"

_NZ_A = "nv = a; zv = a"
_NZ_R = "nv = r; zv = r"
_NZ_W = "nv = R >> 8; zv = R"

# A and a byte `b`.
ALU = {
    "ADD": f"r = a + b; hf = a ^ b ^ r; vf = (a ^ r) & (b ^ r); cf = r >> 8; a = r & 255; {_NZ_A}",
    "ADC": f"r = a + b + cf; hf = a ^ b ^ r; vf = (a ^ r) & (b ^ r); cf = r >> 8; a = r & 255; {_NZ_A}",
    "SUB": f"r = a - b; vf = (a ^ b) & (a ^ r); cf = r >> 8 & 1; a = r & 255; {_NZ_A}",
    "SBC": f"r = a - b - cf; vf = (a ^ b) & (a ^ r); cf = r >> 8 & 1; a = r & 255; {_NZ_A}",
    "CP": "r = a - b; vf = (a ^ b) & (a ^ r); cf = r >> 8 & 1; nv = r; zv = r & 255",
    "AND": f"a = a & b; {_NZ_A}",
    "OR": f"a = a | b; {_NZ_A}",
    "XOR": f"a = a ^ b; {_NZ_A}",
    "BCP": f"r = a & b; {_NZ_R}",
    "LD": f"a = b; {_NZ_A}",
}

# From a byte `b` the byte `r` that is written back.
RMW = {
    "NEG": f"r = -b & 255; cf = 1 if r else 0; vf = r & b; {_NZ_R}",
    "CPL": f"r = b ^ 255; cf = 1; {_NZ_R}",
    "SRL": f"r = b >> 1; cf = b & 1; {_NZ_R}",
    "SRA": f"r = b >> 1 | b & 128; cf = b & 1; {_NZ_R}",
    "SLL": f"r = b << 1 & 255; cf = b >> 7; {_NZ_R}",
    "RRC": f"r = b >> 1 | cf << 7; cf = b & 1; {_NZ_R}",
    "RLC": f"r = b << 1 & 255 | cf; cf = b >> 7; {_NZ_R}",
    "DEC": f"r = b - 1 & 255; vf = b & ~r; {_NZ_R}",
    "INC": f"r = b + 1 & 255; vf = r & ~b; {_NZ_R}",
    "SWAP": f"r = b << 4 & 255 | b >> 4; {_NZ_R}",
}

# The same for an index register.
RMWW = {
    "NEGW": f"r = -R & 65535; cf = 1 if r else 0; vf = (r & R) >> 8; R = r; {_NZ_W}",
    "CPLW": f"R = R ^ 65535; cf = 1; {_NZ_W}",
    "SRLW": f"cf = R & 1; R = R >> 1; {_NZ_W}",
    "SRAW": f"cf = R & 1; R = R >> 1 | R & 32768; {_NZ_W}",
    "SLLW": f"cf = R >> 15; R = R << 1 & 65535; {_NZ_W}",
    "RRCW": f"r = R >> 1 | cf << 15; cf = R & 1; R = r; {_NZ_W}",
    "RLCW": f"r = R << 1 & 65535 | cf; cf = R >> 15; R = r; {_NZ_W}",
    "DECW": f"r = R - 1 & 65535; vf = (R & ~r) >> 8; R = r; {_NZ_W}",
    "INCW": f"r = R + 1 & 65535; vf = (r & ~R) >> 8; R = r; {_NZ_W}",
    "TNZW": _NZ_W,
    "SWAPW": f"R = R << 8 & 65280 | R >> 8; {_NZ_W}",
    "CLRW": "R = 0; nv = 0; zv = 0",
}

# An index register and a word `w`.
WORD = {
    "ADDW": f"r = R + w; hf = (R ^ w ^ r) >> 4; vf = ((R ^ r) & (w ^ r)) >> 8; cf = r >> 16; R = r & 65535; {_NZ_W}",
    "SUBW": "r = R - w; hf = (R ^ w ^ r) >> 4; vf = ((R ^ w) & (R ^ r)) >> 8; cf = r >> 16 & 1; R = r & 65535; "
    + _NZ_W,
    "CPW": "r = R - w; vf = ((R ^ w) & (R ^ r)) >> 8; cf = r >> 16 & 1; nv = r >> 8; zv = r & 65535",
    "LDW": f"R = w; {_NZ_W}",
}

# Registers only. PM0044 gives DIV 2 to 17 cycles and no rule; one for each bit of the quotient is our reading.
PLAIN = {
    "RRWA": f"r = R & 255; R = a << 8 | R >> 8; a = r; {_NZ_W}",
    "RLWA": f"r = R >> 8; R = R << 8 & 65280 | a; a = r; {_NZ_W}",
    "EXGL": "r = R & 255; R = R & 65280 | a; a = r",
    "EXGW": "r = x; x = y; y = r",
    "MUL": "R = (R & 255) * a; hf = 0; cf = 0",
    "SUBSP": "sp = sp - b & 65535",
    "ADDSP": "sp = sp + b & 65535",
    "CCF": "cf = 1 - cf",
    "RCF": "cf = 0",
    "SCF": "cf = 1",
    "RVF": "vf = 0",
    "NOP": "",
    "MOVXY": "R = S",
    "TOSP": "sp = R",
    "FROMSP": "R = sp",
    "TOHIGH": "R = R & 255 | a << 8",
    "TOLOW": "R = R & 65280 | a",
    "HIGH": "a = R >> 8",
    "LOW": "a = R & 255",
    "SIM": "im = 40",
}

# A division by zero sets C; PM0044 calls the result indeterminate, so the operands stay.
_DIVIDED = "vf = 0; hf = 0; nv = 0; cf = 0 if {0} else 1; u = {0} or 65536; w = R // u; "
DIVIDE = {
    "DIV": _DIVIDED.format("a") + "r = R % u; zv = w; R = w if a else R; a = r if a else a",
    "DIVW": _DIVIDED.format("y").replace("R", "x") + "r = x % u; zv = w; x = w if y else x; y = r if y else y",
}
DIVIDE_CYCLES = "n += (w or 1).bit_length() - 1"

CONDITIONS = {
    "JRUGT": "zv and not cf",
    "JRULE": "cf or not zv",
    "JRNC": "not cf",
    "JRC": "cf",
    "JRNE": "zv",
    "JREQ": "not zv",
    "JRNV": "not vf & 128",
    "JRV": "vf & 128",
    "JRPL": "not nv & 128",
    "JRMI": "nv & 128",
    "JRSGT": "zv and not (nv ^ vf) & 128",
    "JRSLE": "not zv or (nv ^ vf) & 128",
    "JRSGE": "not (nv ^ vf) & 128",
    "JRSLT": "(nv ^ vf) & 128",
    "JRNH": "not hf & 16",
    "JRH": "hf & 16",
    "JRNM": "im != 40",
    "JRM": "im == 40",
    "JRIL": "not s.interrupt_line",
    "JRIH": "s.interrupt_line",
}
