#include "stm8_unity_parts.h"

static const unsigned long tens[] = {1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};

void stm8_unity_text(const char *text)
{
    while (*text)
        stm8_unity_putchar(*text++);
}

static void hex(unsigned char digit)
{
    stm8_unity_putchar(digit < 10 ? '0' + digit : 'A' - 10 + digit);
}

/* It subtracts powers of ten, which takes less flash than a division of 32 bits. */
void stm8_unity_number(unsigned long value, unsigned char kind)
{
    unsigned char place, digit, begun = 0, bytes = kind & STM8_UNITY_BYTES;

    if (kind & STM8_UNITY_IS_HEX) {
        stm8_unity_text("0x");
        while (bytes--) {
            digit = value >> 8 * bytes;
            hex(digit >> 4);
            hex(digit & 0x0F);
        }
        return;
    }
    if (kind & STM8_UNITY_IS_SIGNED && value & 0x80000000UL) {
        stm8_unity_putchar('-');
        value = -value;
    }
    for (place = 0; place < 10; ++place) {
        digit = '0';
        while (value >= tens[place]) {
            value -= tens[place];
            ++digit;
        }
        if (digit != '0' || begun || place == 9) {
            stm8_unity_putchar(digit);
            begun = 1;
        }
    }
}
