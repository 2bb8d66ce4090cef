/* Toggle the LED of a known board, whose port is passed as a structure. */

#if defined(STM8S_NUCLEO_207K8)
#include "STM8S207K8.h"
#define LED_PORT sfr_PORTC
#define LED_PIN PIN5
#elif defined(STM8S_NUCLEO_208RB)
#include "STM8S208RB.h"
#define LED_PORT sfr_PORTC
#define LED_PIN PIN5
#else
#include "STM8S103F3.h"
#define LED_PORT sfr_PORTB
#define LED_PIN PIN5
#warning "port B, pin 5"
#endif

void toggle_pin(PORT_t *port, uint8_t pin)
{
    port->ODR.byte ^= pin;
}

void main(void)
{
    uint32_t i = 0;

    sfr_CLK.CKDIVR.byte = 0x00;
    LED_PORT.DDR.byte = LED_PIN;
    LED_PORT.CR1.byte = LED_PIN;
    LED_PORT.CR2.byte = LED_PIN;
    while (1) {
        toggle_pin(&LED_PORT, LED_PIN);
        for (i = 0; i < 300000L; i++)
            NOP();
    }
}
