/* Which drivers of the Standard Peripheral Library this program uses: the platform builds these, and no others. */

#ifndef STM8S_CONF_H
#define STM8S_CONF_H

#include "stm8s.h"
#include "stm8s_clk.h"
#include "stm8s_gpio.h"
#include "stm8s_flash.h"

#define assert_param(expression) ((void)0)

#endif
