/* The application: timer 4 blinks the LED at PB5, through an interrupt that the boot loader passes on. */
#include <stdint.h>

#define PB_ODR (*(volatile uint8_t *)0x5005)
#define PB_DDR (*(volatile uint8_t *)0x5007)
#define PB_CR1 (*(volatile uint8_t *)0x5008)
#define TIM4_CR1 (*(volatile uint8_t *)0x5340)
#define TIM4_IER (*(volatile uint8_t *)0x5343)
#define TIM4_SR (*(volatile uint8_t *)0x5344)
#define TIM4_PSCR (*(volatile uint8_t *)0x5347)
#define TIM4_ARR (*(volatile uint8_t *)0x5348)

#define LED 0x20

static volatile uint8_t ticks;

void tick(void) __interrupt(23)
{
    TIM4_SR = 0;
    if (++ticks == 30) {
        ticks = 0;
        PB_ODR ^= LED;
    }
}

void main(void)
{
    PB_DDR |= LED;
    PB_CR1 |= LED;
    TIM4_PSCR = 7; /* 2 MHz / 128 */
    TIM4_ARR = 255; /* 61 ticks a second */
    TIM4_IER = 1;
    TIM4_CR1 = 1;
    __asm__("rim");
    for (;;) {
        __asm__("wfi");
    }
}
