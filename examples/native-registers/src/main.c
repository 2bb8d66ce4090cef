/* Blink the board's LED twice a second, by an interrupt of TIM4 every millisecond. */

#include "registers.h"

/* The platform defines these from the board's manifest. */
#if defined(STM8S_BLUE) || defined(STM8S_003)
#define LED_PORT PORTB
#define LED_PIN 5
#elif defined(STM8S_DISCOVERY)
#define LED_PORT PORTD
#define LED_PIN 0
#else
#error "Name the port and the pin of this board's LED here."
#endif

#define HALF_PERIOD_MS 250

static volatile uint8_t ms_left = HALF_PERIOD_MS;

void every_millisecond(void) __interrupt(TIM4_INTERRUPT)
{
    TIM4_SR &= ~TIM4_SR_UIF;
    if (--ms_left == 0) {
        ms_left = HALF_PERIOD_MS;
        LED_PORT->odr ^= 1 << LED_PIN;
    }
}

void main(void)
{
    CLK_CKDIVR = 0; /* 16 MHz; after reset it is 2 MHz */
    LED_PORT->ddr |= 1 << LED_PIN;
    LED_PORT->cr1 |= 1 << LED_PIN;

    TIM4_PSCR = 7; /* divides by 2^7: 125 kHz */
    TIM4_ARR = F_CPU / 128 / 1000 - 1;
    TIM4_IER = TIM4_IER_UIE;
    TIM4_CR1 = TIM4_CR1_CEN;
    enable_interrupts();
    for (;;) {
        wait_for_interrupt();
    }
}
