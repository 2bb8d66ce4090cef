/* The program that is tested by parts: a level goes up and down for ever. */
#include <ramp.h>

volatile uint8_t level;

void main(void)
{
    uint8_t target = 255;

    for (;;) {
        level = ramp_next(level, target, 10);
        if (level == target)
            target = ~target;
    }
}
