"""A chip at a UART: the client of the loader in its boot ROM (UM0560)."""
