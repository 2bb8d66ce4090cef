#include "Arduino.h"

const uint8_t digital_pin_to_timer_PGM[NUM_DIGITAL_PINS] = {NOT_ON_TIMER, NOT_ON_TIMER, TIMER21};

void pinMode(uint8_t pin, uint8_t mode)
{
    SPL_set_direction(pin, mode);
}

void digitalWrite(uint8_t pin, uint8_t value)
{
    SPL_set_output(pin, value);
}

void analogWrite(uint8_t pin, int value)
{
    digitalWrite(pin, value > 127);
}

void delayMicroseconds(unsigned int us)
{
    while (us--)
        __asm__("nop");
}

void delay(unsigned long ms)
{
    while (ms--)
        delayMicroseconds(1000);
}

unsigned long pulseInLong(uint8_t pin, uint8_t state, unsigned long timeout)
{
    (void)pin;
    (void)state;
    return timeout;
}
