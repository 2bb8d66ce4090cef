#include "stm8s_flash.h"

#define FLASH_CR1 (*(__IO uint8_t *)0x505A)
#define FLASH_IAPSR (*(__IO uint8_t *)0x505F)
#define FLASH_PUKR (*(__IO uint8_t *)0x5062)
#define FLASH_DUKR (*(__IO uint8_t *)0x5064)

void FLASH_SetProgrammingTime(FLASH_ProgramTime_TypeDef time)
{
    FLASH_CR1 = (FLASH_CR1 & ~0x01) | time;
}

void FLASH_Unlock(FLASH_MemType_TypeDef memory)
{
    assert_param(memory == FLASH_MEMTYPE_PROG || memory == FLASH_MEMTYPE_DATA);
    if (memory == FLASH_MEMTYPE_PROG) {
        FLASH_PUKR = 0x56;
        FLASH_PUKR = 0xAE;
    } else {
        FLASH_DUKR = 0xAE;
        FLASH_DUKR = 0x56;
    }
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
    return *(__IO uint8_t *)(uint16_t)address;
}

void FLASH_EraseByte(uint32_t address)
{
    FLASH_ProgramByte(address, 0);
}

void FLASH_ProgramByte(uint32_t address, uint8_t data)
{
    *(__IO uint8_t *)(uint16_t)address = data;
}
