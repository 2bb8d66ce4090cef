#include "stm8_unity_parts.h"

/* Print a text in quotation marks. A byte that would break the line is printed as its number. */
static void quoted(const char *text, unsigned length)
{
    unsigned char byte;

    if (!text) {
        stm8_unity_text("a null pointer");
        return;
    }
    stm8_unity_putchar('"');
    for (; length && *text; --length, ++text) {
        byte = *text;
        if (byte < ' ' || byte > '~') {
            stm8_unity_putchar('<');
            stm8_unity_number(byte, STM8_UNITY_HEX8);
            stm8_unity_putchar('>');
        } else
            stm8_unity_putchar(byte);
    }
    stm8_unity_putchar('"');
}

void stm8_unity_string(const char *file, unsigned line, const char *message, const char *wanted, const char *was,
    unsigned length)
{
    unsigned at = 0;

    if (wanted && was) {
        while (at < length && wanted[at] == was[at] && wanted[at])
            ++at;
        if (at == length || wanted[at] == was[at])
            return;
    } else if (wanted == was)
        return;
    stm8_unity_failure(file, line);
    stm8_unity_text("expected ");
    quoted(wanted, length);
    stm8_unity_text(", was ");
    quoted(was, length);
    stm8_unity_failed(message);
}
