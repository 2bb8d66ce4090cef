/* Measure a distance with an ultrasonic sensor. */

#include <Arduino.h>

const int trigPin = PA2;
const int echoPin = PA1;

long microsecondsToCentimeters(long microseconds);

void setup()
{
    digitalWrite(trigPin, HIGH);
    pinMode(trigPin, OUTPUT);
    pinMode(echoPin, INPUT);
    Serial_begin(9600);
}

void loop()
{
    long duration, cm;

    digitalWrite(trigPin, LOW);
    duration = pulseInLong(echoPin, HIGH, 200000L);
    digitalWrite(trigPin, HIGH);
    cm = microsecondsToCentimeters(duration);
    Serial_print_u(duration);
    Serial_print_s("us\t");
    Serial_print_u(cm);
    Serial_println_s("cm");
    delay(100);
}

long microsecondsToCentimeters(long microseconds)
{
    return microseconds / 29 / 2;
}
