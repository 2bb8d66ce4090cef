"""Flash STM8 microcontrollers over SWIM with an ST-LINK."""

__version__ = "3.0.0"
