#ifndef STM8S_GPIO_H
#define STM8S_GPIO_H

#include "stm8s.h"

typedef struct {
    volatile uint8_t ODR, IDR, DDR, CR1, CR2;
} GPIO_TypeDef;

#define GPIOB ((GPIO_TypeDef *)0x5005)
#define GPIOC ((GPIO_TypeDef *)0x500A)
#define GPIOD ((GPIO_TypeDef *)0x500F)
#define GPIOE ((GPIO_TypeDef *)0x5014)
#define GPIOH ((GPIO_TypeDef *)0x5023)

typedef enum { GPIO_PIN_0 = 0x01, GPIO_PIN_4 = 0x10, GPIO_PIN_5 = 0x20 } GPIO_Pin_TypeDef;
typedef enum { GPIO_MODE_OUT_PP_LOW_FAST = 0xE0 } GPIO_Mode_TypeDef;

void GPIO_Init(GPIO_TypeDef *port, GPIO_Pin_TypeDef pin, GPIO_Mode_TypeDef mode);
void GPIO_WriteHigh(GPIO_TypeDef *port, GPIO_Pin_TypeDef pin);
void GPIO_WriteLow(GPIO_TypeDef *port, GPIO_Pin_TypeDef pin);
void GPIO_WriteReverse(GPIO_TypeDef *port, GPIO_Pin_TypeDef pin);

#endif
