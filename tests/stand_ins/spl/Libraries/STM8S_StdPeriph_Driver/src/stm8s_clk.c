#include "stm8s_clk.h"

void CLK_HSIPrescalerConfig(CLK_Prescaler_TypeDef prescaler)
{
    *(volatile uint8_t *)0x50C6 = prescaler;
}
