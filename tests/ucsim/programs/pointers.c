/* Function pointers, a table of them, and recursion. */
#include <stdint.h>

typedef uint16_t (*operation)(uint16_t, uint16_t);

static uint16_t add(uint16_t a, uint16_t b) { return a + b; }
static uint16_t times(uint16_t a, uint16_t b) { return a * b; }
static uint16_t gcd(uint16_t a, uint16_t b) { return b ? gcd(b, a % b) : a; }
static uint16_t power(uint16_t a, uint16_t b) { return b ? a * power(a, b - 1) : 1; }

static const operation table[] = {add, times, gcd, power};
volatile uint16_t out[64];

void main(void)
{
    uint8_t i;
    operation chosen;
    for (i = 0; i < 64; ++i) {
        chosen = table[i & 3];
        out[i] = chosen(i * 91 + 5, (i & 7) + 1);
    }
    __asm__("break");
}
