#include "swim_console.h"

void swim_puts(const char *text)
{
    while (*text)
        swim_putchar(*text++);
}
