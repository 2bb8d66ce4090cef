#include "stm8s_uart2.h"

#ifndef HAS_UART2
#error "this chip has no UART2"
#endif

#define UART ((__IO uint8_t *)0x5240) /* SR, DR, BRR1, BRR2, CR1, CR2, ... */

void UART2_DeInit(void)
{
    UART[5] = 0;
}

void UART2_Init(uint32_t baud, UART2_WordLength_TypeDef length, UART2_StopBits_TypeDef stop,
                UART2_Parity_TypeDef parity, UART2_SyncMode_TypeDef sync, UART2_Mode_TypeDef mode)
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

void UART2_Cmd(FunctionalState state)
{
    if (state == ENABLE)
        UART[4] &= ~0x20;
    else
        UART[4] |= 0x20;
}

void UART2_ITConfig(UART2_IT_TypeDef interrupt, FunctionalState state)
{
    if (state == ENABLE)
        UART[5] |= interrupt;
    else
        UART[5] &= ~interrupt;
}

void UART2_SendData8(uint8_t data)
{
    UART[1] = data;
}

uint8_t UART2_ReceiveData8(void)
{
    return UART[1];
}

FlagStatus UART2_GetFlagStatus(UART2_Flag_TypeDef flag)
{
    return UART[0] & flag ? SET : RESET;
}
