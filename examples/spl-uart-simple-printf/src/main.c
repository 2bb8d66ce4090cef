/* printf() through the UART: SDCC's library passes each character to putchar(). */

#include <stdio.h>

#include "stm8s.h"

/* The STM8S005 and STM8S105 have UART2 (PD5 sends), the others UART1 (PD5, or PA5 on the STM8S20x). */
#if defined(STM8S005) || defined(STM8S105)
#define UART_INIT(baud)                                                                             \
    UART2_Init(baud, UART2_WORDLENGTH_8D, UART2_STOPBITS_1, UART2_PARITY_NO, UART2_SYNCMODE_CLOCK_DISABLE, \
               UART2_MODE_TXRX_ENABLE)
#define UART_READY() (UART2_GetFlagStatus(UART2_FLAG_TXE) == SET)
#define UART_SEND UART2_SendData8
#else
#define UART_INIT(baud)                                                                             \
    UART1_Init(baud, UART1_WORDLENGTH_8D, UART1_STOPBITS_1, UART1_PARITY_NO, UART1_SYNCMODE_CLOCK_DISABLE, \
               UART1_MODE_TXRX_ENABLE)
#define UART_READY() (UART1_GetFlagStatus(UART1_FLAG_TXE) == SET)
#define UART_SEND UART1_SendData8
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

int putchar(int character)
{
    while (!UART_READY()) {
    }
    UART_SEND((uint8_t)character);
    return character;
}

void main(void)
{
    uint16_t seconds = 0;

    CLK_HSIPrescalerConfig(CLK_PRESCALER_HSIDIV1);
    UART_INIT(9600);
    for (;;) {
        printf("running for %u seconds\r\n", seconds++);
        delay_ms(1000);
    }
}
