"""The work around SDCC's linker: its flags, a `main` from a library, and checks of the program."""
