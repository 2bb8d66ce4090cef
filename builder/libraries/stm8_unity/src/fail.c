#include "stm8_unity_parts.h"

void stm8_unity_claim(const char *file, unsigned line, const char *text, const char *message)
{
    stm8_unity_failure(file, line);
    stm8_unity_text(text);
    stm8_unity_failed(message);
}

void stm8_unity_fail(const char *file, unsigned line, const char *message)
{
    stm8_unity_claim(file, line, message ? message : "failed", 0);
}
