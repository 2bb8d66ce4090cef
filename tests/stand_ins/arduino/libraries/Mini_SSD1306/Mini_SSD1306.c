#include <I2C.h>

#include "Mini_SSD1306.h"

static uint8_t display_address;
static uint8_t picture[WIDTH * HEIGHT / 8] = {1}; /* a kilobyte, as that of the real one */

void display_begin(uint8_t supply, uint8_t address, bool reset)
{
    (void)reset;
    display_address = address;
    I2C_begin();
    I2C_write(display_address, supply);
}

void display_display(void)
{
    for (uint16_t place = 0; place < sizeof picture; place++)
        I2C_write(display_address, picture[place]);
}

void display_drawPixel(uint8_t x, uint8_t y, uint8_t color)
{
    uint8_t mask = 1 << (y & 7);
    uint8_t *column = &picture[y / 8 * WIDTH + x];

    if (color == WHITE)
        *column |= mask;
    else if (color == BLACK)
        *column &= ~mask;
    else
        *column ^= mask;
}
