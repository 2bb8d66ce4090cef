#include "stm8s_uart1.h"

#ifndef HAS_UART1
#error "this chip has no UART1"
#endif

#define UART ((__IO uint8_t *)0x5230) /* SR, DR, BRR1, BRR2, CR1, CR2, ... */

void UART1_DeInit(void)
{
    UART[5] = 0;
}

void UART1_Init(uint32_t baud, UART1_WordLength_TypeDef length, UART1_StopBits_TypeDef stop,
                UART1_Parity_TypeDef parity, UART1_SyncMode_TypeDef sync, UART1_Mode_TypeDef mode)
{
    uint16_t divider = F_CPU / baud;

    assert_param(divider >= 16);
    (void)length;
    (void)stop;
    (void)parity;
    (void)sync;
    UART[3] = (divider >> 8 & 0xF0) | (divider & 0x0F);
    UART[2] = divider >> 4;
    UART[5] = mode;
}

void UART1_Cmd(FunctionalState state)
{
    if (state == ENABLE)
        UART[4] &= ~0x20;
    else
        UART[4] |= 0x20;
}

void UART1_ITConfig(UART1_IT_TypeDef interrupt, FunctionalState state)
{
    if (state == ENABLE)
        UART[5] |= interrupt;
    else
        UART[5] &= ~interrupt;
}

void UART1_SendData8(uint8_t data)
{
    UART[1] = data;
}

uint8_t UART1_ReceiveData8(void)
{
    return UART[1];
}

FlagStatus UART1_GetFlagStatus(UART1_Flag_TypeDef flag)
{
    return UART[0] & flag ? SET : RESET;
}
