#include "stm8_unity_parts.h"

/* Return the number at this address: the STM8 has the highest byte first. */
static unsigned long load(const unsigned char *at, unsigned char kind)
{
    unsigned char bytes = kind & STM8_UNITY_BYTES;
    unsigned long value = kind & STM8_UNITY_IS_SIGNED && *at & 0x80 ? 0xFFFFFFFFUL : 0;

    for (; bytes; --bytes)
        value = value << 8 | *at++;
    return value;
}

void stm8_unity_array(const char *file, unsigned line, const char *message, unsigned char kind, const void *wanted,
    const void *was, unsigned count)
{
    const unsigned char *left = wanted, *right = was;
    unsigned char bytes = kind & STM8_UNITY_BYTES;
    unsigned long a, b;
    unsigned at;

    if (left == right)
        return;
    if (!left || !right)
        stm8_unity_claim(file, line, left ? "expected an array, was a null pointer" : "expected a null pointer", message);
    for (at = 0; at < count; ++at) {
        a = load(left, kind);
        b = load(right, kind);
        if (a != b) {
            stm8_unity_failure(file, line);
            stm8_unity_text("element ");
            stm8_unity_number(at, STM8_UNITY_UINT16);
            stm8_unity_text(": expected ");
            stm8_unity_number(a, kind);
            stm8_unity_text(", was ");
            stm8_unity_number(b, kind);
            stm8_unity_failed(message);
        }
        left += bytes;
        right += bytes;
    }
}
