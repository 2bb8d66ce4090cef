#ifndef STM8S_GPIO_H
#define STM8S_GPIO_H

#include "stm8s.h"

typedef enum {
    GPIO_PIN_0 = 0x01,
    GPIO_PIN_1 = 0x02,
    GPIO_PIN_2 = 0x04,
    GPIO_PIN_3 = 0x08,
    GPIO_PIN_4 = 0x10,
    GPIO_PIN_5 = 0x20,
    GPIO_PIN_6 = 0x40,
    GPIO_PIN_7 = 0x80,
    GPIO_PIN_ALL = 0xFF
} GPIO_Pin_TypeDef;

/* 0x80: output, 0x40: CR1, 0x20: CR2, 0x10: high */
typedef enum {
    GPIO_MODE_IN_FL_NO_IT = 0x00,
    GPIO_MODE_IN_PU_NO_IT = 0x40,
    GPIO_MODE_OUT_PP_LOW_SLOW = 0xC0,
    GPIO_MODE_OUT_PP_LOW_FAST = 0xE0,
    GPIO_MODE_OUT_PP_HIGH_FAST = 0xF0
} GPIO_Mode_TypeDef;

void GPIO_DeInit(GPIO_TypeDef *port);
void GPIO_Init(GPIO_TypeDef *port, GPIO_Pin_TypeDef pins, GPIO_Mode_TypeDef mode);
void GPIO_WriteHigh(GPIO_TypeDef *port, GPIO_Pin_TypeDef pins);
void GPIO_WriteLow(GPIO_TypeDef *port, GPIO_Pin_TypeDef pins);
void GPIO_WriteReverse(GPIO_TypeDef *port, GPIO_Pin_TypeDef pins);
uint8_t GPIO_ReadInputData(GPIO_TypeDef *port);

#endif
