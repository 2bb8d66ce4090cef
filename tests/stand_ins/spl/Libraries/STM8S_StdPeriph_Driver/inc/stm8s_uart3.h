#ifndef STM8S_UART3_H
#define STM8S_UART3_H

#include "stm8s.h"

typedef enum { UART3_WORDLENGTH_8D = 0x00 } UART3_WordLength_TypeDef;
typedef enum { UART3_STOPBITS_1 = 0x00 } UART3_StopBits_TypeDef;
typedef enum { UART3_PARITY_NO = 0x00 } UART3_Parity_TypeDef;
typedef enum { UART3_MODE_TXRX_ENABLE = 0x0C } UART3_Mode_TypeDef;
typedef enum { UART3_FLAG_TXE = 0x80, UART3_FLAG_TC = 0x40, UART3_FLAG_RXNE = 0x20 } UART3_Flag_TypeDef;
typedef enum { UART3_IT_TXE = 0x80, UART3_IT_TC = 0x40, UART3_IT_RXNE_OR = 0x20 } UART3_IT_TypeDef; /* bits of CR2 */

void UART3_DeInit(void);
void UART3_Init(uint32_t baud, UART3_WordLength_TypeDef length, UART3_StopBits_TypeDef stop,
                UART3_Parity_TypeDef parity, UART3_Mode_TypeDef mode);
void UART3_Cmd(FunctionalState state);
void UART3_ITConfig(UART3_IT_TypeDef interrupt, FunctionalState state);
void UART3_SendData8(uint8_t data);
uint8_t UART3_ReceiveData8(void);
FlagStatus UART3_GetFlagStatus(UART3_Flag_TypeDef flag);

#endif
