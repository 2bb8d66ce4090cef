"""Find code of the program that SDCC compiles wrong, in every build."""
