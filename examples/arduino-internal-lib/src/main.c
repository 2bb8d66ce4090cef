/* Search the I2C bus. PlatformIO finds sduino's own library I2C by the #include; nothing in platformio.ini names it. */

#include <Arduino.h>
#include <I2C.h>

#define FIRST 0x08 /* the bus reserves the addresses below, and those from LAST on */
#define LAST 0x78

void setup(void)
{
    Serial_begin(9600);
    I2C_begin();
    I2C_timeOut(10); /* ms */
}

void loop(void)
{
    uint8_t found = 0;

    for (uint8_t address = FIRST; address < LAST; address++) {
        if (I2C_write(address, 0) == 0) {
            Serial_print_s("device at ");
            Serial_print_u(address);
            Serial_println_s("");
            found++;
        }
    }
    Serial_print_u(found);
    Serial_println_s(" found");
    delay(5000);
}
