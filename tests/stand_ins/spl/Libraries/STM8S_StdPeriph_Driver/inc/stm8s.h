/* A stand-in for ST's Standard Peripheral Library: names and folders as there, the little code is our own. */

#ifndef STM8S_H
#define STM8S_H

#include <stdint.h>

#if defined(STM8S003) || defined(STM8S103)
#define HAS_UART1
#elif defined(STM8S105)
#define HAS_UART2
#elif defined(STM8S207) || defined(STM8S208)
#define HAS_UART1
#define HAS_UART3
#else
#error "no chip is named"
#endif

typedef enum { RESET = 0, SET = !RESET } FlagStatus;

#include "stm8s_it.h" /* of the project */

#define enableInterrupts() __asm__("rim")

#ifdef USE_STDPERIPH_DRIVER
#include "stm8s_conf.h"
#endif

#endif
