#include "stm8s_clk.h"

void CLK_DeInit(void)
{
    CLK_HSIPrescalerConfig(CLK_PRESCALER_HSIDIV8);
}

void CLK_HSIPrescalerConfig(CLK_Prescaler_TypeDef prescaler)
{
    *(__IO uint8_t *)0x50C6 = prescaler;
}
