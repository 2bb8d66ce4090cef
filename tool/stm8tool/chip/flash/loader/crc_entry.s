; The CRC-32 of the value A, an entry of a table, goes into crc3 to crc0. X is kept.
	ld	*crc0, a
	clr	*crc1
	clr	*crc2
	clr	*crc3
	mov	*count, #8
2$:	srl	*crc3
	rrc	*crc2
	rrc	*crc1
	rrc	*crc0
	jrnc	3$
	ld	a, *crc3
	xor	a, #0xED
	ld	*crc3, a
	ld	a, *crc2
	xor	a, #0xB8
	ld	*crc2, a
	ld	a, *crc1
	xor	a, #0x83
	ld	*crc1, a
	ld	a, *crc0
	xor	a, #0x20
	ld	*crc0, a
3$:	dec	*count
	jrne	2$
