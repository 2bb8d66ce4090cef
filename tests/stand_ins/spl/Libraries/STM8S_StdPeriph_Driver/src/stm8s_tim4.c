#include "stm8s_tim4.h"

#ifndef HAS_TIM4
#error "this chip has no TIM4"
#endif

/* A kilobyte that only a program that uses TIM4 shall carry. */
const char tim4_ballast[1024] = {1};

void TIM4_DeInit(void)
{
    *(__IO uint8_t *)0x5340 = tim4_ballast[0];
}
