"""The chip while its program runs: SWIM reads and writes its memory, and the CPU is never stopped."""
