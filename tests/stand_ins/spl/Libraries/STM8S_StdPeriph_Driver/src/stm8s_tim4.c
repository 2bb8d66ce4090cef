#include "stm8s_tim4.h"

/* A kilobyte that only a program that uses TIM4 shall carry. */
const char tim4_ballast[1024] = {1};

void TIM4_DeInit(void)
{
    *(volatile uint8_t *)0x5340 = tim4_ballast[0];
}
