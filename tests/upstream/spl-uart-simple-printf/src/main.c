/* printf() and getchar() through the UART that the chip has. */

#include "stm8s.h"
#include "stm8s_it.h"
#include "stdio.h"

#if defined(_SDCC_) && SDCC_VERSION < 30605
#define PUTCHAR_PROTOTYPE void putchar(char c)
#define GETCHAR_PROTOTYPE char getchar(void)
#else
#define PUTCHAR_PROTOTYPE int putchar(int c)
#define GETCHAR_PROTOTYPE int getchar(void)
#endif

#if defined(STM8S105) || defined(STM8S005) || defined(STM8AF626x)
#define UART(word) UART2_##word
#define UART_NAME "UART2"
#else
#define UART(word) UART1_##word
#define UART_NAME "UART1"
#endif

void main(void)
{
    CLK_HSIPrescalerConfig(CLK_PRESCALER_HSIDIV1);
    UART(DeInit)();
    UART(Init)((uint32_t)115200, UART(WORDLENGTH_8D), UART(STOPBITS_1), UART(PARITY_NO),
               UART(SYNCMODE_CLOCK_DISABLE), UART(MODE_TXRX_ENABLE));
    printf("\n" UART_NAME ": printf() and getchar()\n");
    while (1) {
        printf("%c\n", getchar());
        for (uint32_t i = 0; i < 1600000L; i++)
            __asm__("nop");
    }
}

PUTCHAR_PROTOTYPE
{
    UART(SendData8)(c);
    while (UART(GetFlagStatus)(UART(FLAG_TXE)) == RESET)
        ;
    return (c);
}

GETCHAR_PROTOTYPE
{
    while (UART(GetFlagStatus)(UART(FLAG_RXNE)) == RESET)
        ;
    return UART(ReceiveData8)();
}

#ifdef USE_FULL_ASSERT
void assert_failed(uint8_t *file, uint32_t line)
{
    (void)file;
    (void)line;
    while (1) {
    }
}
#endif
