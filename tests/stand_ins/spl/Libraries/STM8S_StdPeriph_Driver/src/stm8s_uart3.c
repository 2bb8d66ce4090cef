#include "stm8s_uart3.h"

#ifndef HAS_UART3
#error "this chip has no UART3"
#endif

#define UART ((__IO uint8_t *)0x5240) /* SR, DR, BRR1, BRR2, CR1, CR2, ... */

void UART3_DeInit(void)
{
    UART[5] = 0;
}

void UART3_Init(uint32_t baud, UART3_WordLength_TypeDef length, UART3_StopBits_TypeDef stop,
                UART3_Parity_TypeDef parity, UART3_Mode_TypeDef mode)
{
    uint16_t divider = F_CPU / baud;

    assert_param(divider >= 16);
    (void)length;
    (void)stop;
    (void)parity;
    UART[3] = (divider >> 8 & 0xF0) | (divider & 0x0F);
    UART[2] = divider >> 4;
    UART[5] = mode;
}

void UART3_Cmd(FunctionalState state)
{
    if (state == ENABLE)
        UART[4] &= ~0x20;
    else
        UART[4] |= 0x20;
}

void UART3_ITConfig(UART3_IT_TypeDef interrupt, FunctionalState state)
{
    if (state == ENABLE)
        UART[5] |= interrupt;
    else
        UART[5] &= ~interrupt;
}

void UART3_SendData8(uint8_t data)
{
    UART[1] = data;
}

uint8_t UART3_ReceiveData8(void)
{
    return UART[1];
}

FlagStatus UART3_GetFlagStatus(UART3_Flag_TypeDef flag)
{
    return UART[0] & flag ? SET : RESET;
}
