#include "Arduino.h"

int main(void)
{
    *(volatile uint8_t *)0x50C6 = 0;
    setup();
    for (;;)
        loop();
}
