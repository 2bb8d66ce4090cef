; One byte more, A, for the CRC: by tables of the values below 16 (L) and of 16 times them (H) where RAM is
; small, else by one of all 256 (T). Each table has a row for each byte of the CRC, the low one first. X is kept.
	xor	a, *crc0
.ifne SMALL
	ld	*mode, a
	and	a, #15
	ld	yl, a
	ld	a, (L0, y)
	xor	a, *crc1
	ld	*crc0, a
	ld	a, (L1, y)
	xor	a, *crc2
	ld	*crc1, a
	ld	a, (L2, y)
	xor	a, *crc3
	ld	*crc2, a
	ld	a, (L3, y)
	ld	*crc3, a
	ld	a, *mode
	swap	a
	and	a, #15
	ld	yl, a
	ld	a, (H0, y)
	xor	a, *crc0
	ld	*crc0, a
	ld	a, (H1, y)
	xor	a, *crc1
	ld	*crc1, a
	ld	a, (H2, y)
	xor	a, *crc2
	ld	*crc2, a
	ld	a, (H3, y)
	xor	a, *crc3
	ld	*crc3, a
.else
	ld	yl, a
	ld	a, (T0, y)
	xor	a, *crc1
	ld	*crc0, a
	ld	a, (T1, y)
	xor	a, *crc2
	ld	*crc1, a
	ld	a, (T2, y)
	xor	a, *crc3
	ld	*crc2, a
	ld	a, (T3, y)
	ld	*crc3, a
.endif
