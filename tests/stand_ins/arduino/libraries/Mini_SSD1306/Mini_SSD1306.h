#ifndef MINI_SSD1306_H
#define MINI_SSD1306_H

#include <Arduino.h>

#define SSD1306_LCDWIDTH 128
#define SSD1306_LCDHEIGHT 64
#define WIDTH SSD1306_LCDWIDTH
#define HEIGHT SSD1306_LCDHEIGHT
#define SSD1306_SWITCHCAPVCC 0x2

#define BLACK 0
#define WHITE 1
#define INVERSE 2

/* Stands where a sketch in C++ has its object: there is one display. */
#define Mini_SSD1306(name, reset_pin) enum { name##_reset = reset_pin }

void display_begin(uint8_t supply, uint8_t address, bool reset);
void display_display(void);
void display_drawPixel(uint8_t x, uint8_t y, uint8_t color);

#endif
