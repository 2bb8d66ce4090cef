/* A sort by insertion and a search by halves, in arrays of words. */
#include <stdint.h>

int16_t data[40];
uint8_t found[40];

void main(void)
{
    uint8_t i;
    int8_t j;
    uint16_t seed = 77;
    for (i = 0; i < 40; ++i) {
        seed = seed * 25173u + 13849u;
        data[i] = (int16_t)seed;
    }
    for (i = 1; i < 40; ++i) {
        int16_t value = data[i];
        for (j = i - 1; j >= 0 && data[j] > value; --j)
            data[j + 1] = data[j];
        data[j + 1] = value;
    }
    for (i = 0; i < 40; ++i) {
        uint8_t low = 0, high = 40;
        while (low < high) {
            uint8_t middle = (uint8_t)(low + high) / 2;
            if (data[middle] < data[i])
                low = middle + 1;
            else
                high = middle;
        }
        found[i] = low;
    }
    __asm__("break");
}
