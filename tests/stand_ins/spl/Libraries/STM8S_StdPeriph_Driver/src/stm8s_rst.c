#include "stm8s_rst.h"

#define RST_SR (*(__IO uint8_t *)0x50B3)

FlagStatus RST_GetFlagStatus(RST_Flag_TypeDef flag)
{
    return RST_SR & flag ? SET : RESET;
}

void RST_ClearFlag(RST_Flag_TypeDef flag)
{
    RST_SR = flag;
}
