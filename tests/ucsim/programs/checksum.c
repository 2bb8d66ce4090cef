/* CRC-32 bit by bit, CRC-16 by bytes, and a sum with rotation. */
#include <stdint.h>

volatile uint32_t crc32;
volatile uint16_t crc16;
volatile uint8_t sum;

void main(void)
{
    uint16_t n;
    uint32_t crc = 0xFFFFFFFFUL;
    uint16_t small = 0xFFFF;
    for (n = 0; n < 300; ++n) {
        uint8_t bit, byte = (uint8_t)(n * 7 + 3);
        crc ^= byte;
        for (bit = 0; bit < 8; ++bit)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320UL : crc >> 1;
        small = (small >> 8 | small << 8) ^ byte;
        small ^= (small & 0xFF) >> 4;
        small ^= small << 12;
        small ^= (small & 0xFF) << 5;
        sum = (uint8_t)((sum << 1 | sum >> 7) + byte);
    }
    crc32 = ~crc;
    crc16 = small;
    __asm__("break");
}
