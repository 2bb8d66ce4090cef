#ifndef STM8S_TIM4_H
#define STM8S_TIM4_H

#include "stm8s.h"

void TIM4_DeInit(void);

#endif
