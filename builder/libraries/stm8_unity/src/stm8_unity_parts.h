/* Private to the library: what its sources share. */
#ifndef STM8_UNITY_PARTS_H
#define STM8_UNITY_PARTS_H

#include "stm8_unity.h"

/* Where the output goes: open it, write a byte, wait until all have arrived, and say that there will be no more. */
void stm8_unity_open(void);
void stm8_unity_putchar(char byte);
void stm8_unity_flush(void);
void stm8_unity_close(void);

void stm8_unity_text(const char *text);
void stm8_unity_number(unsigned long value, unsigned char kind);

/* Print the start of the line of a failure. If the test has failed before, this ends it, and does not return. */
void stm8_unity_failure(const char *file, unsigned line);

/* Print the end of that line, and end the test. */
void stm8_unity_failed(const char *message);

#endif
