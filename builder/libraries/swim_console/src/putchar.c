#include "swim_console.h"

int putchar(int byte)
{
    swim_putchar(byte);
    return byte;
}
