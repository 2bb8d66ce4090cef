/* Where the output goes: a UART, uCsim's own interface, or the console over SWIM. */
#include <swim_console.h>

#include "stm8_unity_parts.h"

#define REGISTER(address) (*(volatile unsigned char *)(address))

#if defined(STM8_UNITY_UART)

#ifndef STM8_UNITY_BAUD
#define STM8_UNITY_BAUD 9600
#endif
#define SR REGISTER(STM8_UNITY_UART)
#define DR REGISTER(STM8_UNITY_UART + 1)
#define BRR1 REGISTER(STM8_UNITY_UART + 2)
#define BRR2 REGISTER(STM8_UNITY_UART + 3)
#define CR2 REGISTER(STM8_UNITY_UART + 5)
#define TXE 0x80
#define TC 0x40
#define TEN 0x08
#define DIVIDER ((unsigned)((F_CPU + STM8_UNITY_BAUD / 2) / STM8_UNITY_BAUD))

/* PlatformIO opens the port when the program has begun. So the program waits for more than a second. */
void stm8_unity_open(void)
{
    volatile unsigned long turns;

#ifdef STM8_UNITY_STM8L
    REGISTER(0x50C3) |= 0x20; /* CLK_PCKENR1: the clock of USART1 (RM0031) */
#endif
    BRR2 = (DIVIDER >> 8 & 0xF0) | (DIVIDER & 0x0F);
    BRR1 = DIVIDER >> 4 & 0xFF;
    CR2 = TEN;
    for (turns = F_CPU / 16; turns; --turns)
        ;
}

void stm8_unity_putchar(char byte)
{
    while (!(SR & TXE))
        ;
    DR = byte;
}

void stm8_unity_flush(void)
{
    while (!(SR & TC))
        ;
}

void stm8_unity_close(void)
{
}

#elif defined(STM8_UNITY_UCSIM)

void stm8_unity_open(void)
{
}

void stm8_unity_putchar(char byte)
{
    REGISTER(STM8_UNITY_UCSIM) = 'p';
    REGISTER(STM8_UNITY_UCSIM) = byte;
}

void stm8_unity_flush(void)
{
}

void stm8_unity_close(void)
{
    REGISTER(STM8_UNITY_UCSIM) = 's';
}

#else

void stm8_unity_open(void)
{
}

void stm8_unity_putchar(char byte)
{
    swim_putchar(byte);
}

/* Otherwise what a reset leaves in the ring would be lost. Without a listener the program stands here. */
void stm8_unity_flush(void)
{
#ifdef SWIM_CONSOLE_BLOCK
    swim_flush();
#endif
}

void stm8_unity_close(void)
{
}

#endif
