#ifndef STM8S_CLK_H
#define STM8S_CLK_H

#include "stm8s.h"

typedef enum { CLK_PRESCALER_HSIDIV1 = 0x00, CLK_PRESCALER_HSIDIV8 = 0x18 } CLK_Prescaler_TypeDef;

void CLK_DeInit(void);
void CLK_HSIPrescalerConfig(CLK_Prescaler_TypeDef prescaler);

#endif
