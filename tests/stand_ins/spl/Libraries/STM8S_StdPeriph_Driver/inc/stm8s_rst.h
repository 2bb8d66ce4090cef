#ifndef STM8S_RST_H
#define STM8S_RST_H

#include "stm8s.h"

typedef enum { RST_FLAG_IWDGF = 0x02, RST_FLAG_WWDGF = 0x01 } RST_Flag_TypeDef;

FlagStatus RST_GetFlagStatus(RST_Flag_TypeDef flag);
void RST_ClearFlag(RST_Flag_TypeDef flag);

#endif
