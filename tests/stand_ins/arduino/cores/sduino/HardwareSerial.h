#ifndef HARDWARE_SERIAL_H
#define HARDWARE_SERIAL_H

void Serial_begin(unsigned long baud);
void Serial_print_s(const char *text);
void Serial_print_u(unsigned long number);
void Serial_println_s(const char *text);

#endif
