/* Compiled by the test to one library for each chip, lib/STM8S103.lib and so on, as the package has them. */

#include <stdint.h>

#define PORT(pin) ((volatile uint8_t *)(0x5000 + 5 * ((pin) >> 3)))

void SPL_set_direction(uint8_t pin, uint8_t output)
{
    if (output)
        PORT(pin)[2] |= 1 << (pin & 7);
    else
        PORT(pin)[2] &= ~(1 << (pin & 7));
}

void SPL_set_output(uint8_t pin, uint8_t level)
{
    if (level)
        PORT(pin)[0] |= 1 << (pin & 7);
    else
        PORT(pin)[0] &= ~(1 << (pin & 7));
}
