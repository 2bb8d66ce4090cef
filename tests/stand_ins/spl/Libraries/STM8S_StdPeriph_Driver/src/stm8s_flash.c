#include "stm8s_flash.h"

#define FLASH_IAPSR (*(volatile uint8_t *)0x505F)
#define FLASH_DUKR (*(volatile uint8_t *)0x5064)

void FLASH_SetProgrammingTime(FLASH_ProgramTime_TypeDef time)
{
    (void)time;
}

void FLASH_Unlock(FLASH_MemType_TypeDef memory)
{
    (void)memory;
    FLASH_DUKR = 0xAE;
    FLASH_DUKR = 0x56;
}

void FLASH_Lock(FLASH_MemType_TypeDef memory)
{
    FLASH_IAPSR &= memory;
}

FlagStatus FLASH_GetFlagStatus(FLASH_Flag_TypeDef flag)
{
    return FLASH_IAPSR & flag ? SET : RESET;
}

uint8_t FLASH_ReadByte(uint32_t address)
{
    return *(volatile uint8_t *)(uint16_t)address;
}

void FLASH_ProgramByte(uint32_t address, uint8_t data)
{
    *(volatile uint8_t *)(uint16_t)address = data;
}
