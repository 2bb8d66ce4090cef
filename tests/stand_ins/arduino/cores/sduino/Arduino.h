/* A stand-in for sduino: names and folders as there, the little code is our own, and some of it does nothing. */

#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdbool.h>
#include <stm8s.h>

#include "HardwareSerial.h"
#include "pins_arduino.h"

#define LOW 0
#define HIGH 1
#define INPUT 0
#define OUTPUT 1

enum { NOT_ON_TIMER, TIMER21 };
extern const uint8_t digital_pin_to_timer_PGM[];
#define digitalPinToTimer(pin) (digital_pin_to_timer_PGM[pin])

void setup(void);
void loop(void);

void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t value);
void analogWrite(uint8_t pin, int value);
void delay(unsigned long ms);
void delayMicroseconds(unsigned int us);
unsigned long pulseInLong(uint8_t pin, uint8_t state, unsigned long timeout);

#endif
