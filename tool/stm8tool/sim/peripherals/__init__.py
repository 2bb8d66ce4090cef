"""The peripherals that a program meets when it executes: `build.py` says which part has which, and where.

Modelled: GPIO, CLK, the transmitters of the UARTs, TIM2 and TIM4 (TIM5 and TIM6) as counters with their update
interrupt, the independent watchdog, the reset status, the priorities of interrupts. `other.py` stands for the rest:
its registers keep what is written, and the first access to each peripheral is told.
"""
