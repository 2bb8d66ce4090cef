#include "swim_console.h"
#define SIZE SWIM_CONSOLE_IN_SIZE
#include "swim_ring.h"

volatile struct ring swim_console_in;

/* See swim_putchar.c: 0x57 0xC5 'I' 0xA3. */
static void start(void) __naked
{
    __asm
        .area GSINIT
        ldw x, #0x57C5
        ldw _swim_console_in, x
        ldw x, #0x49A3
        ldw _swim_console_in+2, x
        mov _swim_console_in+4, #MASK
        .area CODE
    __endasm;
}

int swim_getchar(void)
{
    unsigned char tail = swim_console_in.tail;
    int byte;

    if (swim_console_in.head == tail)
        return -1;
    byte = swim_console_in.data[tail & MASK];
    swim_console_in.tail = tail + 1;
    return byte;
}

unsigned char swim_available(void)
{
    return swim_console_in.head - swim_console_in.tail;
}
