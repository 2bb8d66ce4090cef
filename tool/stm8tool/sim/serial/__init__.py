"""The UART of a simulated chip: the loader in its boot ROM, a wire in this process, and a server for other programs."""
