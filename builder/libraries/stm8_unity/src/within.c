#include "stm8_unity_parts.h"

void stm8_unity_within(const char *file, unsigned line, const char *message, unsigned char kind, unsigned long delta,
    unsigned long wanted, unsigned long was)
{
    unsigned long sign = kind & STM8_UNITY_IS_SIGNED ? 0x80000000UL : 0;
    unsigned long distance = (wanted ^ sign) < (was ^ sign) ? was - wanted : wanted - was;

    if (distance <= delta)
        return;
    stm8_unity_failure(file, line);
    stm8_unity_text("expected ");
    stm8_unity_number(wanted, kind);
    stm8_unity_text(" within ");
    stm8_unity_number(delta, STM8_UNITY_UINT32);
    stm8_unity_text(", was ");
    stm8_unity_number(was, kind);
    stm8_unity_failed(message);
}
