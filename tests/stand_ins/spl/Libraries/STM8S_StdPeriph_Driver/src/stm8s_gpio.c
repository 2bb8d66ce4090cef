#include "stm8s_gpio.h"

void GPIO_Init(GPIO_TypeDef *port, GPIO_Pin_TypeDef pin, GPIO_Mode_TypeDef mode)
{
    (void)mode;
    port->DDR |= pin;
    port->CR1 |= pin;
}

void GPIO_WriteHigh(GPIO_TypeDef *port, GPIO_Pin_TypeDef pin)
{
    port->ODR |= pin;
}

void GPIO_WriteLow(GPIO_TypeDef *port, GPIO_Pin_TypeDef pin)
{
    port->ODR &= ~pin;
}

void GPIO_WriteReverse(GPIO_TypeDef *port, GPIO_Pin_TypeDef pin)
{
    port->ODR ^= pin;
}
