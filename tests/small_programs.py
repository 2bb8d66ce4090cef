"""Small sources that several tests of real builds share."""

# SDCC 4.2.0 loses the borrow of this difference.
BORROWING = """
unsigned long total;
void step(unsigned char by)
{
    total -= by;
}
void main(void) { step(1); }
"""

# A routine that takes its arguments from the stack, as SDCC before 4.2 passes them.
ON_STACK = """
\t.globl _add
\t.area CODE
_add:
\tldw x, (3, sp)
\tld a, (5, sp)
\tret
"""
