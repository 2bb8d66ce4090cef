#include "Arduino.h"

static void write(char c)
{
    while (!(*(volatile uint8_t *)SERIAL_SR & 0x80)) {
    }
    *(volatile uint8_t *)(SERIAL_SR + 1) = c;
}

void Serial_begin(unsigned long baud)
{
    *(volatile uint8_t *)(SERIAL_SR + 2) = F_CPU / baud >> 4;
    *(volatile uint8_t *)(SERIAL_SR + 5) = 0x0C;
}

void Serial_print_s(const char *text)
{
    while (*text)
        write(*text++);
}

void Serial_print_u(unsigned long number)
{
    if (number > 9)
        Serial_print_u(number / 10);
    write('0' + number % 10);
}

void Serial_println_s(const char *text)
{
    Serial_print_s(text);
    Serial_print_s("\r\n");
}
