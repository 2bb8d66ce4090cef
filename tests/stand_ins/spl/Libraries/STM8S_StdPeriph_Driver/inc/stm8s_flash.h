#ifndef STM8S_FLASH_H
#define STM8S_FLASH_H

#include "stm8s.h"

typedef enum { FLASH_MEMTYPE_PROG = 0xFD, FLASH_MEMTYPE_DATA = 0xF7 } FLASH_MemType_TypeDef;
typedef enum { FLASH_PROGRAMTIME_STANDARD = 0x00, FLASH_PROGRAMTIME_TPROG = 0x01 } FLASH_ProgramTime_TypeDef;
typedef enum { FLASH_FLAG_DUL = 0x08, FLASH_FLAG_EOP = 0x04, FLASH_FLAG_PUL = 0x02 } FLASH_Flag_TypeDef;

void FLASH_SetProgrammingTime(FLASH_ProgramTime_TypeDef time);
void FLASH_Unlock(FLASH_MemType_TypeDef memory);
void FLASH_Lock(FLASH_MemType_TypeDef memory);
FlagStatus FLASH_GetFlagStatus(FLASH_Flag_TypeDef flag);
uint8_t FLASH_ReadByte(uint32_t address);
void FLASH_EraseByte(uint32_t address);
void FLASH_ProgramByte(uint32_t address, uint8_t data);

#endif
