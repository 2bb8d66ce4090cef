/* Blink the board's LED twice a second. */

#include "stm8s.h"

/* The platform defines these from the board's manifest. */
#if defined(STM8S_BLUE)
#define LED GPIOB, GPIO_PIN_5
#elif defined(STM8S_DISCOVERY)
#define LED GPIOD, GPIO_PIN_0
#elif defined(STM8S_MB)
#define LED GPIOC, GPIO_PIN_4
#elif defined(STM8S_UNO) || defined(STM8S_NUCLEO_207K8) || defined(STM8S_NUCLEO_208RB)
#define LED GPIOC, GPIO_PIN_5
#else
#error "Name the port and the pin of this board's LED here."
#endif

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
    CLK_HSIPrescalerConfig(CLK_PRESCALER_HSIDIV1); /* 16 MHz; after reset it is 2 MHz */
    GPIO_Init(LED, GPIO_MODE_OUT_PP_LOW_FAST);
    for (;;) {
        GPIO_WriteReverse(LED);
        delay_ms(250);
    }
}
