/* Switches: a dense one becomes a table of addresses, a sparse one a chain. */
#include <stdint.h>

volatile uint16_t state = 1;
uint8_t trail[200];

static uint8_t dense(uint8_t n)
{
    switch (n & 15) {
    case 0: return 7;
    case 1: return 3;
    case 2: return 99;
    case 3: state += 3; return 12;
    case 4: return 4;
    case 5: state ^= 0x55; return 31;
    case 6: return 21;
    case 7: return 250;
    case 8: return 17;
    case 9: state <<= 1; return 9;
    default: return n;
    }
}

static uint8_t sparse(uint16_t n)
{
    switch (n) {
    case 3: return 1;
    case 300: return 2;
    case 12000: return 3;
    case 65000u: return 4;
    }
    return (uint8_t)n;
}

void main(void)
{
    uint8_t i;
    for (i = 0; i < 200; ++i) {
        trail[i] = dense((uint8_t)state) + sparse(state);
        state = state * 5 + trail[i];
    }
    __asm__("break");
}
