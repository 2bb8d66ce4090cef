#include "ramp.h"

uint8_t ramp_next(uint8_t value, uint8_t target, uint8_t step)
{
    if (value < target)
        return target - value < step ? target : value + step;
    return value - target < step ? target : value - step;
}
