/* Fade an LED on every pin that can do PWM: up in two seconds, and down again. */

#include <Arduino.h>

static uint8_t brightness;
static int8_t step = 5;

void setup(void)
{
    for (uint8_t pin = 0; pin < NUM_DIGITAL_PINS; pin++) {
        if (digitalPinToTimer(pin) != NOT_ON_TIMER) {
            pinMode(pin, OUTPUT);
        }
    }
}

void loop(void)
{
    for (uint8_t pin = 0; pin < NUM_DIGITAL_PINS; pin++) {
        if (digitalPinToTimer(pin) != NOT_ON_TIMER) {
            analogWrite(pin, brightness);
        }
    }
    brightness += step;
    if (brightness == 0 || brightness == 255) {
        step = -step;
    }
    delay(40);
}
