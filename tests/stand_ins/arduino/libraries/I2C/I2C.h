#ifndef I2C_H
#define I2C_H

#include <Arduino.h>

void I2C_begin(void);
void I2C_timeOut(uint16_t ms);
uint8_t I2C_write(uint8_t address, uint8_t data);

#endif
