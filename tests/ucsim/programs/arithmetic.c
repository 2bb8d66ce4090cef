/* Products, quotients and remainders of 8 and 16 bits, with and without a sign. */
#include <stdint.h>

static const int16_t values[] = {0, 1, -1, 7, -7, 255, 256, -256, 32767, -32767, 1234, -4321};
volatile uint16_t sum;
volatile uint16_t out[16];

void main(void)
{
    uint8_t i, j;
    for (i = 0; i < sizeof values / 2; ++i)
        for (j = 1; j < sizeof values / 2; ++j) {
            int16_t a = values[i], b = values[j];
            uint16_t u = (uint16_t)a, v = (uint16_t)b;
            sum = sum * 31 + (uint16_t)(a * b);
            sum = sum * 31 + (uint16_t)(a / b) + (uint16_t)(a % b);
            sum = sum * 31 + u / v + u % v;
            sum = sum * 31 + (uint8_t)u / ((uint8_t)v | 1) + (uint8_t)u % ((uint8_t)v | 1);
            out[i & 15] = sum;
        }
    __asm__("break");
}
