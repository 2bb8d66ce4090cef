/* A value that follows its target in small steps, such as the brightness of a lamp. */
#ifndef RAMP_H
#define RAMP_H

#include <stdint.h>

/* Return the value after one step: nearer to the target by `step`, or equal to it. */
uint8_t ramp_next(uint8_t value, uint8_t target, uint8_t step);

#endif
