/* Blink the board's LED twice a second. */

#include <stdint.h>

/* STM8S reference manual RM0016, chapter 11 (GPIO): five registers a port; chapter 9 (CLK): the divider. */
typedef struct {
    volatile uint8_t odr; /* output */
    volatile uint8_t idr; /* input */
    volatile uint8_t ddr; /* direction, 1 = output */
    volatile uint8_t cr1; /* 1 = push-pull */
    volatile uint8_t cr2; /* 1 = up to 10 MHz */
} port_t;

#define PORTB ((port_t *)0x5005)
#define PORTC ((port_t *)0x500A)
#define PORTD ((port_t *)0x500F)
#define PORTE ((port_t *)0x5014)
#define CLK_CKDIVR (*(volatile uint8_t *)0x50C6)

/* The platform defines these from the board's manifest. */
#if defined(STM8S_BLUE)
#define LED_PORT PORTB
#define LED_PIN 5
#elif defined(STM8S_BLACK)
#define LED_PORT PORTE
#define LED_PIN 5
#elif defined(STM8S_DISCOVERY)
#define LED_PORT PORTD
#define LED_PIN 0
#elif defined(STM8S_NUCLEO_207K8) || defined(STM8S_NUCLEO_208RB)
#define LED_PORT PORTC
#define LED_PIN 5
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
    CLK_CKDIVR = 0; /* 16 MHz; after reset it is 2 MHz */
    LED_PORT->ddr |= 1 << LED_PIN;
    LED_PORT->cr1 |= 1 << LED_PIN;
    for (;;) {
        LED_PORT->odr ^= 1 << LED_PIN;
        delay_ms(250);
    }
}
