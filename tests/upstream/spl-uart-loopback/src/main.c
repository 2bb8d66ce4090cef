/* UART1 and UART3 exchange a text by interrupts; the handlers in stm8s_it.c know the counters by functions only. */

#include "stm8s.h"
#include "stm8s_it.h"
#include "main.h"

typedef enum { FAILED = 0, PASSED = !FAILED } TestStatus;

uint8_t TxBuffer1[] = "from the first to the third";
uint8_t TxBuffer2[] = "from the third to the first, and longer";
uint8_t RxBuffer1[RxBufferSize1];
uint8_t RxBuffer2[RxBufferSize2];
__IO uint8_t TxCounter1 = 0x00;
__IO uint8_t TxCounter2 = 0x00;
__IO uint8_t RxCounter1 = 0x00;
__IO uint8_t RxCounter2 = 0x00;
__IO TestStatus TransferStatus1 = FAILED;
__IO TestStatus TransferStatus2 = FAILED;

TestStatus Buffercmp(uint8_t *pBuffer1, uint8_t *pBuffer2, uint16_t BufferLength);
static void CLK_Config(void);
static void UART_Config(void);

void main(void)
{
    CLK_Config();
    UART_Config();
    while (GetVar_RxCounter2() < GetVar_NbrOfDataToTransfer1()) {
    }
    UART1_ITConfig(UART1_IT_RXNE_OR, ENABLE);
    UART3_ITConfig(UART3_IT_TXE, ENABLE);
    while (GetVar_RxCounter1() < GetVar_NbrOfDataToTransfer2()) {
    }
    TransferStatus1 = Buffercmp(TxBuffer2, RxBuffer1, RxBufferSize1);
    TransferStatus2 = Buffercmp(TxBuffer1, RxBuffer2, RxBufferSize2);
    while (1) {
    }
}

static void CLK_Config(void)
{
    CLK_HSIPrescalerConfig(CLK_PRESCALER_HSIDIV1);
}

static void UART_Config(void)
{
    UART1_DeInit();
    UART3_DeInit();
    UART1_Init((uint32_t)9600, UART1_WORDLENGTH_8D, UART1_STOPBITS_1, UART1_PARITY_NO, UART1_SYNCMODE_CLOCK_DISABLE,
               UART1_MODE_TXRX_ENABLE);
    UART1_ITConfig(UART1_IT_TXE, ENABLE);
    UART3_Init((uint32_t)9600, UART3_WORDLENGTH_8D, UART3_STOPBITS_1, UART3_PARITY_NO, UART3_MODE_TXRX_ENABLE);
    UART3_ITConfig(UART3_IT_RXNE_OR, ENABLE);
    enableInterrupts();
}

TestStatus Buffercmp(uint8_t *pBuffer1, uint8_t *pBuffer2, uint16_t BufferLength)
{
    while (BufferLength--) {
        if (*pBuffer1++ != *pBuffer2++)
            return FAILED;
    }
    return PASSED;
}

uint8_t GetVar_TxCounter1(void)
{
    return TxCounter1;
}

uint8_t GetVar_TxCounter2(void)
{
    return TxCounter2;
}

uint8_t GetVar_RxCounter1(void)
{
    return RxCounter1;
}

uint8_t GetVar_RxCounter2(void)
{
    return RxCounter2;
}

uint8_t IncrementVar_TxCounter1(void)
{
    return TxCounter1++;
}

uint8_t IncrementVar_TxCounter2(void)
{
    return TxCounter2++;
}

uint8_t IncrementVar_RxCounter1(void)
{
    return RxCounter1++;
}

uint8_t IncrementVar_RxCounter2(void)
{
    return RxCounter2++;
}

uint8_t GetVar_NbrOfDataToTransfer1(void)
{
    return TxBufferSize1;
}

uint8_t GetVar_NbrOfDataToTransfer2(void)
{
    return TxBufferSize2;
}

uint8_t GetVar_NbrOfDataToRead1(void)
{
    return RxBufferSize1;
}

uint8_t GetVar_NbrOfDataToRead2(void)
{
    return RxBufferSize2;
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
