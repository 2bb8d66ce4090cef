#ifndef __MAIN_H
#define __MAIN_H

#define countof(a) (sizeof(a) / sizeof(*(a)))
#define TxBufferSize1 (countof(TxBuffer1) - 1)
#define TxBufferSize2 (countof(TxBuffer2) - 1)
#define RxBufferSize1 TxBufferSize2
#define RxBufferSize2 TxBufferSize1

uint8_t GetVar_TxCounter1(void);
uint8_t GetVar_TxCounter2(void);
uint8_t GetVar_RxCounter1(void);
uint8_t GetVar_RxCounter2(void);
uint8_t IncrementVar_TxCounter1(void);
uint8_t IncrementVar_TxCounter2(void);
uint8_t IncrementVar_RxCounter1(void);
uint8_t IncrementVar_RxCounter2(void);
uint8_t GetVar_NbrOfDataToTransfer1(void);
uint8_t GetVar_NbrOfDataToTransfer2(void);
uint8_t GetVar_NbrOfDataToRead1(void);
uint8_t GetVar_NbrOfDataToRead2(void);

#endif
