"""The peripherals that a program meets when it executes: `build.py` says which part has which, and where.

Modelled: GPIO, CLK, the UARTs, the independent watchdog, the reset status, interrupt priorities.
TIM2 and TIM4 (TIM5 and TIM6) are counters with their update interrupt. `other.py` takes the place of all the rest:
its registers keep the written values, and it tells the first access to each peripheral.
"""
