#ifndef PINS_ARDUINO_H
#define PINS_ARDUINO_H

#define NUM_DIGITAL_PINS 70

enum { PA1 = 1, PA2 = 2 };

#endif
