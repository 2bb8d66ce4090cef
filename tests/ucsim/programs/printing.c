/* sprintf: numbers as text, with varying arguments. */
#include <stdint.h>
#include <stdio.h>

char text[120];
volatile int length;

void main(void)
{
    length = sprintf(text, "%d %u %x %ld %lu %c %s %05d|%-6d|", -123, 65535u, 0xBEEF, -100000L, 4000000000UL, 'q', "word",
                     42, 7);
    __asm__("break");
}
