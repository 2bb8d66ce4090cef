/* Measure a distance with the ultrasonic sensor HC-SR04: Trig at PA2, Echo at PA1.
 *
 * Its Echo has 5 V: run the board with 5 V, or put a voltage divider between Echo and PA1.
 */

#include <Arduino.h>

#define TRIGGER PA2
#define ECHO PA1

#define PATIENCE_US 30000UL /* five metres and back */
#define US_PER_CM 58        /* there and back, at 343 m/s */

void setup(void)
{
    Serial_begin(9600);
    pinMode(TRIGGER, OUTPUT);
    pinMode(ECHO, INPUT);
    digitalWrite(TRIGGER, LOW);
}

void loop(void)
{
    unsigned long echo_us;

    digitalWrite(TRIGGER, HIGH);
    delayMicroseconds(10);
    digitalWrite(TRIGGER, LOW);
    echo_us = pulseInLong(ECHO, HIGH, PATIENCE_US);
    if (echo_us) {
        Serial_print_u(echo_us / US_PER_CM);
        Serial_println_s(" cm");
    } else {
        Serial_println_s("nothing in reach");
    }
    delay(200);
}
