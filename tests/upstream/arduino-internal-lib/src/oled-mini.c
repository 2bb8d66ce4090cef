/* A pattern on a display, with a library of sduino that needs another one; Arduino.h comes by them. */

#include "I2C.h"
#include "Mini_SSD1306.h"

#define OLED_RESET -1

Mini_SSD1306(display, OLED_RESET);

#if (SSD1306_LCDHEIGHT != 64)
#error("the display has another height");
#endif

void setup()
{
    display_begin(SSD1306_SWITCHCAPVCC, 0x3C, 0);
}

void loop()
{
    uint8_t x, y;

    display_display();
    delay(1000);
    for (x = 0; x < WIDTH; x += 8) {
        for (y = 0; y < HEIGHT - 16; y += 8)
            display_drawPixel(x, y, INVERSE);
    }
}
