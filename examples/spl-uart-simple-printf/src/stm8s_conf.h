/* The drivers of the Standard Peripheral Library that this program uses. The platform builds only these. */

#ifndef STM8S_CONF_H
#define STM8S_CONF_H

#include "stm8s.h"
#include "stm8s_clk.h"

#if defined(STM8S005) || defined(STM8S105)
#include "stm8s_uart2.h"
#else
#include "stm8s_uart1.h"
#endif

#define assert_param(expression) ((void)0)

#endif
