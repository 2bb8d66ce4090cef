/* The large memory model: far calls, also by pointer, and constants. */
#include <stdint.h>

typedef uint32_t (*operation)(uint32_t);

static const uint8_t text[] = "far away, so close";
volatile uint32_t out[32];

uint32_t mix(uint32_t n) { return (n << 5) + n + text[(uint8_t)n % sizeof text]; }
uint32_t fold(uint32_t n) { return n ^ n >> 7; }

void main(void)
{
    uint8_t i;
    uint32_t hash = 5381;
    operation next = mix;
    for (i = 0; i < 32; ++i) {
        hash = next(hash);
        next = next == mix ? fold : mix;
        out[i] = hash;
    }
    __asm__("break");
}
