#include "stm8_unity.h"

/* For a program without one of its own. */
void setUp(void)
{
}
