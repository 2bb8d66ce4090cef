/* Floating point: the four operations, comparisons and conversions. */
#include <stdint.h>

volatile float a = 1.5f, b = -3.25f;
volatile float out[12];
volatile int16_t whole[12];

void main(void)
{
    uint8_t i;
    for (i = 0; i < 12; ++i) {
        float f = a + i, g = b - i * 0.5f;
        if (f > 7.0f)
            g = f - g;
        else if (f < g)
            g = -g;
        out[i] = f * g / (f + 0.125f) - (float)i;
        whole[i] = (int16_t)out[i];
    }
    __asm__("break");
}
