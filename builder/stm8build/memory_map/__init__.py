"""The target memory-map: the owner of each byte of the chip's memories."""
