/* Say hello, then answer each byte that comes in. */
#include <stdio.h>
#include <swim_console.h>

void main(void)
{
    unsigned count = 0;
    int byte;

    swim_puts("hello over SWIM\n");
    for (;;) {
        byte = swim_getchar();
        if (byte >= 0)
            printf("%u: 0x%02x\n", ++count, byte);
    }
}
