/* Fade an LED on every pin. */

#include <Arduino.h>

int brightness = 0;
int fadeAmount = 5;
char i;

void setup()
{
    for (i = 0; i < NUM_DIGITAL_PINS; i++)
        pinMode(i, OUTPUT);
}

void loop()
{
    for (i = 0; i < NUM_DIGITAL_PINS; i++)
        analogWrite(i, brightness);
    brightness = brightness + fadeAmount;
    if (brightness == 0 || brightness == 255)
        fadeAmount = -fadeAmount;
    delay(30);
}
