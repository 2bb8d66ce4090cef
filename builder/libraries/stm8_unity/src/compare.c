#include "stm8_unity_parts.h"

static unsigned char is_less(unsigned long a, unsigned long b, unsigned char kind)
{
    if (kind & STM8_UNITY_IS_SIGNED) { /* the order of signed numbers, with the sign turned round */
        a ^= 0x80000000UL;
        b ^= 0x80000000UL;
    }
    return a < b;
}

void stm8_unity_compare(const char *file, unsigned line, const char *message, unsigned char kind, unsigned long wanted,
    unsigned long was)
{
    const char *text = "";
    unsigned char holds;

    switch (kind & STM8_UNITY_RELATION) {
    case STM8_UNITY_EQUAL:
        holds = wanted == was;
        break;
    case STM8_UNITY_NOT_EQUAL:
        holds = wanted != was;
        text = "another than ";
        break;
    case STM8_UNITY_GREATER:
        holds = is_less(wanted, was, kind);
        text = "more than ";
        break;
    case STM8_UNITY_AT_LEAST:
        holds = !is_less(was, wanted, kind);
        text = "at least ";
        break;
    case STM8_UNITY_LESS:
        holds = is_less(was, wanted, kind);
        text = "less than ";
        break;
    default:
        holds = !is_less(wanted, was, kind);
        text = "at most ";
        break;
    }
    if (holds)
        return;
    stm8_unity_failure(file, line);
    stm8_unity_text("expected ");
    stm8_unity_text(text);
    stm8_unity_number(wanted, kind);
    stm8_unity_text(", was ");
    stm8_unity_number(was, kind);
    stm8_unity_failed(message);
}
