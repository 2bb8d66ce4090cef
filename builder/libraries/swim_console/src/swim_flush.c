#include "swim_console.h"
#define SIZE SWIM_CONSOLE_OUT_SIZE
#include "swim_ring.h"

extern volatile struct ring swim_console_out;

void swim_flush(void)
{
    while (swim_console_out.tail != swim_console_out.head)
        ;
}
