#ifndef STM8S_UART2_H
#define STM8S_UART2_H

#include "stm8s.h"

typedef enum { UART2_WORDLENGTH_8D = 0x00 } UART2_WordLength_TypeDef;
typedef enum { UART2_STOPBITS_1 = 0x00 } UART2_StopBits_TypeDef;
typedef enum { UART2_PARITY_NO = 0x00 } UART2_Parity_TypeDef;
typedef enum { UART2_SYNCMODE_CLOCK_DISABLE = 0x80 } UART2_SyncMode_TypeDef;
typedef enum { UART2_MODE_TXRX_ENABLE = 0x0C } UART2_Mode_TypeDef;
typedef enum { UART2_FLAG_TXE = 0x80, UART2_FLAG_TC = 0x40, UART2_FLAG_RXNE = 0x20 } UART2_Flag_TypeDef;
typedef enum { UART2_IT_TXE = 0x80, UART2_IT_TC = 0x40, UART2_IT_RXNE_OR = 0x20 } UART2_IT_TypeDef; /* bits of CR2 */

void UART2_DeInit(void);
void UART2_Init(uint32_t baud, UART2_WordLength_TypeDef length, UART2_StopBits_TypeDef stop,
                UART2_Parity_TypeDef parity, UART2_SyncMode_TypeDef sync, UART2_Mode_TypeDef mode);
void UART2_Cmd(FunctionalState state);
void UART2_ITConfig(UART2_IT_TypeDef interrupt, FunctionalState state);
void UART2_SendData8(uint8_t data);
uint8_t UART2_ReceiveData8(void);
FlagStatus UART2_GetFlagStatus(UART2_Flag_TypeDef flag);

#endif
