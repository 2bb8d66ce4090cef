/* Read, write and erase two bytes of the EEPROM, and tell in a variable whether they held what was written. */

#include "stm8s.h"
#include "stm8s_it.h"

typedef enum { FAILED = 0, PASSED = !FAILED } TestStatus;

__IO TestStatus OperationStatus;

static void stop(TestStatus status)
{
    OperationStatus = status;
    while (1) {
    }
}

void main(void)
{
    uint32_t add = 0x40A5;
    uint8_t val_comp;

    FLASH_SetProgrammingTime(FLASH_PROGRAMTIME_STANDARD);
    FLASH_Unlock(FLASH_MEMTYPE_DATA);
    val_comp = (uint8_t)(~FLASH_ReadByte(add));
    FLASH_ProgramByte(add + 1, val_comp);
    if (FLASH_ReadByte(add + 1) != val_comp)
        stop(FAILED);
    FLASH_EraseByte(add);
    FLASH_EraseByte(add + 1);
    if ((FLASH_ReadByte(add) != 0x00) | (FLASH_ReadByte(add + 1) != 0x00))
        stop(FAILED);
    stop(PASSED);
}

#ifdef USE_FULL_ASSERT
void assert_failed(uint8_t *file, uint32_t line)
{
    (void)file;
    (void)line;
    while (1) {
    }
}
#endif
