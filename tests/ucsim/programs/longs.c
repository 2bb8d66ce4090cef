/* Arithmetic and shifts of 32 bits. */
#include <stdint.h>

volatile uint32_t sum = 1;
volatile uint32_t seed = 12345;
volatile int32_t out[8];

void main(void)
{
    uint8_t i;
    for (i = 0; i < 60; ++i) {
        int32_t a, b;
        seed = seed * 1664525UL + 1013904223UL;
        a = (int32_t)seed;
        seed = seed * 1664525UL + 1013904223UL;
        b = (int32_t)(seed >> (i & 15)) | 1;
        out[0] = a / b;
        out[1] = a % b;
        out[2] = (int32_t)((uint32_t)a / (uint32_t)b);
        out[3] = a * b;
        out[4] = a >> (i & 31);
        out[5] = (int32_t)((uint32_t)a << (i & 31));
        out[6] = a < b ? a - b : a + b;
        out[7] = -a;
        sum = sum * 33 + (uint32_t)(out[0] ^ out[1] ^ out[2] ^ out[3] ^ out[4] ^ out[5] ^ out[6] ^ out[7]);
    }
    __asm__("break");
}
