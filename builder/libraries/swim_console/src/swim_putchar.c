#include "swim_console.h"
#define SIZE SWIM_CONSOLE_OUT_SIZE
#include "swim_ring.h"

/* The zeros of this area come from SDCC's start. An initial value would be copied from flash, all bytes of it. */
volatile struct ring swim_console_out;

/* The magic is written by the start code, before `main`: 0x57 0xC5 'O' 0xA3. */
static void start(void) __naked
{
    __asm
        .area GSINIT
        ldw x, #0x57C5
        ldw _swim_console_out, x
        ldw x, #0x4FA3
        ldw _swim_console_out+2, x
        mov _swim_console_out+4, #MASK
        .area CODE
    __endasm;
}

/* In assembler, as SDCC's __critical ends with RIM: it would let other interrupts into an interrupt handler. */
void swim_putchar(char byte) __naked
{
    (void)byte;
    __asm
#if defined(__SDCCCALL) && __SDCCCALL == 0 || !defined(__SDCCCALL)
#ifdef __SDCC_MODEL_LARGE
        ld a, (4, sp)
#else
        ld a, (3, sp)
#endif
#endif
        ld xl, a
    00001$:
        push cc
        sim
        ld a, _swim_console_out+7
        sub a, _swim_console_out+6
        cp a, #CAPACITY
        jrnc 00002$
        clrw y
        ld a, _swim_console_out+7
        and a, #MASK
        ld yl, a
        ld a, xl
        ld (_swim_console_out+8, y), a
        inc _swim_console_out+7
        pop cc
        jra 00003$
    00002$:
#if SWIM_CONSOLE_BLOCKS
        pop cc
        jra 00001$
#else
        inc _swim_console_out+5
        pop cc
#endif
    00003$:
#ifdef __SDCC_MODEL_LARGE
        retf
#else
        ret
#endif
    __endasm;
}
