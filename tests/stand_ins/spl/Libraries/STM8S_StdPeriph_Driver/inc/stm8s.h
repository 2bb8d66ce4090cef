/* A stand-in for ST's Standard Peripheral Library, patched for SDCC: names and folders as there, the little code is our
 * own. Values are those of the registers, RM0016.
 */

#ifndef STM8S_H
#define STM8S_H

#include <stdint.h>

#define _SDCC_
#define SDCC_VERSION (__SDCC_VERSION_MAJOR * 10000 + __SDCC_VERSION_MINOR * 100 + __SDCC_VERSION_PATCH)

#define __I volatile const
#define __O volatile
#define __IO volatile

/* What the chips have; the others have it all. A driver refuses the chip that lacks its peripheral, as ST's does. */
#if defined(STM8S001) || defined(STM8S003) || defined(STM8S103)
#define HAS_ADC1
#define HAS_TIM2
#define HAS_TIM4
#define HAS_UART1
#elif defined(STM8S903)
#define HAS_ADC1
#define HAS_TIM5
#define HAS_TIM6
#define HAS_UART1
#elif defined(STM8AF622x)
#define HAS_ADC1
#define HAS_TIM5
#define HAS_TIM6
#define HAS_UART4
#elif defined(STM8S005) || defined(STM8S105) || defined(STM8AF626x)
#define HAS_ADC1
#define HAS_TIM2
#define HAS_TIM3
#define HAS_TIM4
#define HAS_UART2
#elif defined(STM8S007) || defined(STM8S207) || defined(STM8AF62Ax) || defined(STM8S208) || defined(STM8AF52Ax)
#define HAS_ADC2
#define HAS_TIM2
#define HAS_TIM3
#define HAS_TIM4
#define HAS_UART1
#define HAS_UART3
#if defined(STM8S208) || defined(STM8AF52Ax)
#define HAS_CAN
#endif
#else
#error "no chip is named"
#endif

typedef enum { RESET = 0, SET = !RESET } FlagStatus, ITStatus, BitStatus, BitAction;
typedef enum { DISABLE = 0, ENABLE = !DISABLE } FunctionalState;
typedef enum { ERROR = 0, SUCCESS = !ERROR } ErrorStatus;

typedef struct {
    __IO uint8_t ODR, IDR, DDR, CR1, CR2;
} GPIO_TypeDef;

#define GPIOA ((GPIO_TypeDef *)0x5000)
#define GPIOB ((GPIO_TypeDef *)0x5005)
#define GPIOC ((GPIO_TypeDef *)0x500A)
#define GPIOD ((GPIO_TypeDef *)0x500F)
#define GPIOE ((GPIO_TypeDef *)0x5014)
#define GPIOF ((GPIO_TypeDef *)0x5019)
#if defined(HAS_TIM3) /* medium and high density */
#define GPIOG ((GPIO_TypeDef *)0x501E)
#endif
#if defined(HAS_UART3) /* high density */
#define GPIOH ((GPIO_TypeDef *)0x5023)
#define GPIOI ((GPIO_TypeDef *)0x5028)
#endif

#ifdef USE_STDPERIPH_DRIVER
#include "stm8s_conf.h" /* of the project */
#endif

#define enableInterrupts() __asm__("rim")
#define disableInterrupts() __asm__("sim")
#define rim() __asm__("rim")
#define sim() __asm__("sim")
#define nop() __asm__("nop")
#define trap() __asm__("trap")
#define wfi() __asm__("wfi")
#define wfe() __asm__("wfe")
#define halt() __asm__("halt")

#define INTERRUPT __interrupt
#define INTERRUPT_HANDLER(name, number) void name(void) __interrupt(number)
#define INTERRUPT_HANDLER_TRAP(name) void name(void) __trap

#endif
