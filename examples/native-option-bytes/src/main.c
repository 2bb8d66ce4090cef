/* Show option byte 2 of the STM8S103, which gives pins their alternate functions. The LED blinks once for each set bit.
 * It stays on if no bit is set, which is the factory value. If the byte and its complement do not match, the byte has no
 * effect, and the LED flickers. STM8S103 datasheet, "Option bytes".
 */

#include <stdint.h>

#define OPT2 (*(const volatile uint8_t *)0x4803)
#define NOPT2 (*(const volatile uint8_t *)0x4804)

#ifdef WITH_OPTION
/* AFR0: TIM2 and TIM1 have their channels on port C. The complement follows the value. */
const __at(0x4803) uint8_t option_byte_2[2] = {0x01, 0xFE};
#endif

/* RM0016, chapter 11 (GPIO) and chapter 9 (CLK) */
#define PB_ODR (*(volatile uint8_t *)0x5005)
#define PB_DDR (*(volatile uint8_t *)0x5007)
#define PB_CR1 (*(volatile uint8_t *)0x5008)
#define CLK_CKDIVR (*(volatile uint8_t *)0x50C6)

#define LED (1 << 5) /* of the blue board: PB5, lit when low */

#define CYCLES_PER_LOOP 7 /* with SDCC 4.2 */

static void delay_ms(uint16_t ms)
{
    while (ms--) {
        for (uint16_t loops = F_CPU / 1000 / CYCLES_PER_LOOP; loops; loops--) {
            __asm__("nop");
        }
    }
}

static void blink(uint16_t ms)
{
    PB_ODR &= ~LED;
    delay_ms(ms);
    PB_ODR |= LED;
    delay_ms(ms);
}

void main(void)
{
    CLK_CKDIVR = 0; /* 16 MHz; after reset it is 2 MHz */
    PB_DDR |= LED;
    PB_CR1 |= LED;
    for (;;) {
        uint8_t remapped = OPT2;

        if (remapped != (uint8_t)~NOPT2) {
            blink(30);
        } else if (!remapped) {
            PB_ODR &= ~LED;
        } else {
            for (; remapped; remapped &= remapped - 1) {
                blink(250);
            }
            delay_ms(1500);
        }
    }
}
