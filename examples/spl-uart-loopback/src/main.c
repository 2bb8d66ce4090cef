/* Send a text through UART1 over a wire from PA5 (TX) to PA4 (RX). The LED stays on while the whole text comes back. */

#include "stm8s.h"

#define LED GPIOC, GPIO_PIN_4 /* of the sduino MB */

#define PATIENCE 60000U /* checks of the receiver; at 115200 baud a byte arrives much earlier */

static const char text[] = "STM8";

static uint8_t comes_back(uint8_t sent)
{
    UART1_SendData8(sent);
    for (uint16_t look = 0; look < PATIENCE; look++) {
        if (UART1_GetFlagStatus(UART1_FLAG_RXNE) == SET) {
            return UART1_ReceiveData8() == sent;
        }
    }
    return 0;
}

void main(void)
{
    CLK_HSIPrescalerConfig(CLK_PRESCALER_HSIDIV1);
    GPIO_Init(LED, GPIO_MODE_OUT_PP_LOW_FAST);
    UART1_DeInit();
    UART1_Init(115200, UART1_WORDLENGTH_8D, UART1_STOPBITS_1, UART1_PARITY_NO, UART1_SYNCMODE_CLOCK_DISABLE,
               UART1_MODE_TXRX_ENABLE);
    for (;;) {
        uint8_t good = 1;

        for (uint8_t place = 0; text[place]; place++) {
            good &= comes_back(text[place]);
        }
        if (good) {
            GPIO_WriteHigh(LED);
        } else {
            GPIO_WriteLow(LED);
        }
    }
}
