/* The boot loader. A real one would look for a new application here, and write it. It has no variables with a value:
 * vectors.asm starts it without the code that would set them. */
#include <stdint.h>

#define VECTOR 0x82 /* the first byte of a vector; of an erased flash it is 0x00 */

#define PB_ODR (*(volatile uint8_t *)0x5005)
#define PB_DDR (*(volatile uint8_t *)0x5007)
#define PB_CR1 (*(volatile uint8_t *)0x5008)

#define LED 0x20

static void blink_fast(void)
{
    uint16_t wait;

    PB_DDR |= LED;
    PB_CR1 |= LED;
    for (;;) {
        PB_ODR ^= LED;
        for (wait = 0; wait < 20000; wait++) {
            __asm__("nop");
        }
    }
}

void boot(void)
{
    if (*(const uint8_t *)APPLICATION != VECTOR) {
        blink_fast();
    }
    /* The last two bytes of the reset vector; the first address byte is 0 below 0x10000. */
    ((void (*)(void)) * (const uint16_t *)(APPLICATION + 2))();
}
