"""The Debug Adapter Protocol: an editor debugs a program by its source, on the core of `stm8tool debug`."""
