"""Link again without the functions and constants that the program does not reach."""
