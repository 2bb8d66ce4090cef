#include "stm8_unity_parts.h"

/* `pio test -v` shows this line. It is the result of no test. */
void stm8_unity_note(const char *file, unsigned line, const char *message)
{
    stm8_unity_text("stm8_unity: note ");
    stm8_unity_text(file);
    stm8_unity_putchar(':');
    stm8_unity_number(line, STM8_UNITY_UINT16);
    stm8_unity_text(": ");
    stm8_unity_text(message);
    stm8_unity_putchar('\n');
}
