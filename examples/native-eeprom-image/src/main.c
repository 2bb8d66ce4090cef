/* Blink a pattern from the EEPROM. */

#include <stdint.h>

/* RM0016, chapter 11 (GPIO) and chapter 9 (CLK) */
#define PB_ODR (*(volatile uint8_t *)0x5005)
#define PB_DDR (*(volatile uint8_t *)0x5007)
#define PB_CR1 (*(volatile uint8_t *)0x5008)
#define CLK_CKDIVR (*(volatile uint8_t *)0x50C6)

#define LED (1 << 5) /* of the blue board: PB5, lit when low */

/* The EEPROM of an STM8S begins at 0x4000. A program may change it there, so it is `volatile`. */
const volatile __at(0x4000) uint8_t pattern[8] = {1, 0, 1, 0, 1, 0, 0, 0};

#define CYCLES_PER_LOOP 7 /* with SDCC 4.2 */

static void delay_ms(uint16_t ms)
{
    while (ms--) {
        for (uint16_t loops = F_CPU / 1000 / CYCLES_PER_LOOP; loops; loops--) {
            __asm__("nop");
        }
    }
}

void main(void)
{
    CLK_CKDIVR = 0; /* 16 MHz; after reset it is 2 MHz */
    PB_DDR |= LED;
    PB_CR1 |= LED;
    for (;;) {
        for (uint8_t place = 0; place < sizeof(pattern); place++) {
            if (pattern[place]) {
                PB_ODR &= ~LED;
            } else {
                PB_ODR |= LED;
            }
            delay_ms(150);
        }
    }
}
