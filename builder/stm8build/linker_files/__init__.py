"""Read the files of SDCC's linker: objects, libraries, its map, and the program."""
