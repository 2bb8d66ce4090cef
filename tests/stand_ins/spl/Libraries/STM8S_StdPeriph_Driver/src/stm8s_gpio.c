#include "stm8s_gpio.h"

void GPIO_DeInit(GPIO_TypeDef *port)
{
    port->ODR = port->DDR = port->CR1 = port->CR2 = 0;
}

static void set(__IO uint8_t *bits, uint8_t mask, uint8_t level)
{
    if (level)
        *bits |= mask;
    else
        *bits &= ~mask;
}

void GPIO_Init(GPIO_TypeDef *port, GPIO_Pin_TypeDef pins, GPIO_Mode_TypeDef mode)
{
    assert_param(pins != 0);
    set(&port->CR2, pins, 0);
    set(&port->ODR, pins, mode & 0x10);
    set(&port->DDR, pins, mode & 0x80);
    set(&port->CR1, pins, mode & 0x40);
    set(&port->CR2, pins, mode & 0x20);
}

void GPIO_WriteHigh(GPIO_TypeDef *port, GPIO_Pin_TypeDef pins)
{
    port->ODR |= pins;
}

void GPIO_WriteLow(GPIO_TypeDef *port, GPIO_Pin_TypeDef pins)
{
    port->ODR &= ~pins;
}

void GPIO_WriteReverse(GPIO_TypeDef *port, GPIO_Pin_TypeDef pins)
{
    port->ODR ^= pins;
}

uint8_t GPIO_ReadInputData(GPIO_TypeDef *port)
{
    return port->IDR;
}
