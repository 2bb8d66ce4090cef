#ifndef STM8S_H
#define STM8S_H

#include <stdint.h>

#if defined(STM8S105)
#define SERIAL_SR 0x5240
#elif defined(STM8S003) || defined(STM8S103) || defined(STM8S207) || defined(STM8S208)
#define SERIAL_SR 0x5230
#else
#error "no chip is named"
#endif

void SPL_set_direction(uint8_t pin, uint8_t output);
void SPL_set_output(uint8_t pin, uint8_t level);

#endif
