#ifndef STM8S_UART1_H
#define STM8S_UART1_H

#include "stm8s.h"

typedef enum { UART1_WORDLENGTH_8D = 0x00 } UART1_WordLength_TypeDef;
typedef enum { UART1_STOPBITS_1 = 0x00 } UART1_StopBits_TypeDef;
typedef enum { UART1_PARITY_NO = 0x00 } UART1_Parity_TypeDef;
typedef enum { UART1_SYNCMODE_CLOCK_DISABLE = 0x80 } UART1_SyncMode_TypeDef;
typedef enum { UART1_MODE_TXRX_ENABLE = 0x0C } UART1_Mode_TypeDef;
typedef enum { UART1_FLAG_TXE = 0x80, UART1_FLAG_TC = 0x40, UART1_FLAG_RXNE = 0x20 } UART1_Flag_TypeDef;
typedef enum { UART1_IT_TXE = 0x80, UART1_IT_TC = 0x40, UART1_IT_RXNE_OR = 0x20 } UART1_IT_TypeDef; /* bits of CR2 */

void UART1_DeInit(void);
void UART1_Init(uint32_t baud, UART1_WordLength_TypeDef length, UART1_StopBits_TypeDef stop,
                UART1_Parity_TypeDef parity, UART1_SyncMode_TypeDef sync, UART1_Mode_TypeDef mode);
void UART1_Cmd(FunctionalState state);
void UART1_ITConfig(UART1_IT_TypeDef interrupt, FunctionalState state);
void UART1_SendData8(uint8_t data);
uint8_t UART1_ReceiveData8(void);
FlagStatus UART1_GetFlagStatus(UART1_Flag_TypeDef flag);

#endif
