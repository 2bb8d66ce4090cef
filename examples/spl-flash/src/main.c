/* Count the starts of this program in the EEPROM, and blink the count. Each reset of the board adds one.
 *
 * The count is one byte at the start of the EEPROM. `pio run -t upload` keeps bytes that the firmware does not name.
 */

#include "stm8s.h"

#if defined(STM8S_DISCOVERY)
#define LED GPIOD, GPIO_PIN_0
#elif defined(STM8S_MB)
#define LED GPIOC, GPIO_PIN_4
#elif defined(STM8S_UNO)
#define LED GPIOC, GPIO_PIN_5
#else
#error "Name the port and the pin of this board's LED here."
#endif

#define COUNTER 0x4000UL

#define CYCLES_PER_LOOP 7 /* with SDCC 4.2 */

static void delay_ms(uint16_t ms)
{
    while (ms--) {
        for (uint16_t loops = F_CPU / 1000 / CYCLES_PER_LOOP; loops; loops--) {
            __asm__("nop");
        }
    }
}

static uint8_t count_start(void)
{
    uint8_t count = FLASH_ReadByte(COUNTER) % 9 + 1; /* 1 to 9, then 1 again: an EEPROM wears */

    FLASH_SetProgrammingTime(FLASH_PROGRAMTIME_STANDARD);
    FLASH_Unlock(FLASH_MEMTYPE_DATA);
    while (FLASH_GetFlagStatus(FLASH_FLAG_DUL) == RESET) {
    }
    FLASH_ProgramByte(COUNTER, count);
    while (FLASH_GetFlagStatus(FLASH_FLAG_EOP) == RESET) {
    }
    FLASH_Lock(FLASH_MEMTYPE_DATA);
    return count;
}

void main(void)
{
    uint8_t count;

    CLK_HSIPrescalerConfig(CLK_PRESCALER_HSIDIV1);
    GPIO_Init(LED, GPIO_MODE_OUT_PP_LOW_FAST);
    count = count_start();
    for (;;) {
        for (uint8_t blink = 0; blink < count; blink++) {
            GPIO_WriteReverse(LED);
            delay_ms(200);
            GPIO_WriteReverse(LED);
            delay_ms(200);
        }
        delay_ms(1500);
    }
}
