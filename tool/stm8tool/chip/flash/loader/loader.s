; A loader in the RAM of an STM8: it programs, erases and checks blocks while SWIM fills its other buffer.
;
; The host puts this code and its variables into RAM with one write, sets PC, and lets the CPU run. From then on it
; writes batches and reads the status. The code never returns: the reset that ends every session removes it.
;
; A batch is one write: records, then its tail, whose last byte lets the loader begin.
;   record   mode, address (3 bytes), then what the mode needs
;              01 10    one block of data; standard or fast mode, as in FLASH_CR2
;              20       four bytes of 0x00: erases the block
;              02       blocks (2 bytes), where the results go (2 bytes), blocks in a group (1 byte): the CRC-32 of
;                       each group, not inverted; the last one may have fewer blocks
;              08       the same bytes as for 02 (the last one is unused): the first two bytes of each block; only in the
;                       medium variants
;              04       no more: builds the table for 02 (its address is unused). Where RAM is small the host writes it
;   tail     address of the first record (2 bytes), number of records, go
; The loader clears `go` once the batch is done, and takes the next one from the other buffer.
;
; `variants.py` says what the names in capitals are, `tests/assembled.py` assembles it into `code.csv`.
; Sources: RM0016 4.5 to 4.8, RM0013, PM0054; PM0044 (instructions).

	.area	LOADER (ABS)

; -- status: what the host reads -------------------------------------------------------------------------------
	.org	0x10
done:	.dw	0		; blocks that are done since the start
error:	.db	0		; 1 refused (WR_PG_DIS), 2 a record is bad, 0x80 stopped as the host asked
iapsr:	.db	0		; FLASH_IAPSR as it was refused
check:	.db	0		; exclusive-or of the four bytes above, and of 0x5A
phase:	.db	0		; 1 while a block is loaded, 2 while the loader waits for EOP
; -- set by the host -------------------------------------------------------------------------------------------
stop:	.db	0		; 1: stop before the next block
watch:	.db	0		; bit 0: refresh IWDG, bit 1: refresh WWDG
cur:	.dw	0		; tail of the buffer that is taken next
other:	.dw	0		; tail of the other one
stack:	.dw	0		; where the stack begins
lowest:	.dw	0		; first address of data EEPROM, or of flash
size:	.db	0		; bytes in a block
; -- its own ---------------------------------------------------------------------------------------------------
left:	.db	0		; records of the batch that are left
mode:	.db	0
high:	.db	0		; address, bits 23 to 16; `low` must follow
low:	.dw	0
count:	.db	0
blocks:	.dw	0
result:	.dw	0
crc3:	.db	0		; the CRC, its high byte first
crc2:	.db	0
crc1:	.db	0
crc0:	.db	0
group:	.db	0
togo:	.db	0

; -- code ------------------------------------------------------------------------------------------------------
	.org	0x31
start:
	sim
	ldw	x, *stack
	ldw	sp, x
	mov	CKDIVR, #0
	ldw	x, *other
	clr	(3, x)
	ldw	x, *cur
	clr	(3, x)
	call	tell
main:
	ldw	x, *cur
idle:				; without a watchdog nothing is written in this loop
	tnz	(3, x)
	jrne	taken_up
	tnz	*watch
	jreq	idle
	call	refresh		; changes A only
	jra	idle
taken_up:
	ld	a, (2, x)
	ld	*left, a
	ldw	y, x
	ldw	y, (y)		; from here on Y is where the records are read
record:
	tnz	*stop
	jrne	halted
	ld	a, (y)
	ld	*mode, a
	ld	a, (1, y)
	ld	*high, a
	ldw	x, y
	ldw	x, (2, x)
	ldw	*low, x
	addw	y, #4
	ld	a, *mode
	cp	a, #0x02
	jreq	sums
.ifeq SMALL + FAR
	cp	a, #0x08
	jreq	sums
.endif
.ifeq SMALL
	cp	a, #0x04
	jreq	table
.endif
	jp	program
halted:
	ld	a, #0x80
fail:				; whatever is wrong, the loader ends here
	ld	*error, a
1$:	call	tell
	jra	1$

.ifeq SMALL
table:				; T0 to T3: the bytes of the CRC of each value, the low one first
	clrw	x
1$:	ld	a, xl
	.include "crc_entry.s"
	ld	a, *crc0
	ld	(T0, x), a
	ld	a, *crc1
	ld	(T1, x), a
	ld	a, *crc2
	ld	(T2, x), a
	ld	a, *crc3
	ld	(T3, x), a
	incw	x
	cpw	x, #256
	jrne	1$
	call	tick
	jp	next
.endif

; CRC-32 of blocks, by the table.
sums:
	ldw	x, y
	ldw	x, (x)
	ldw	*blocks, x
	ldw	x, y
	ldw	x, (2, x)
	ldw	*result, x
	ld	a, (4, y)
	ld	*group, a
	addw	y, #5
	pushw	y
.ifeq SMALL + FAR
	ld	a, *mode
	cp	a, #0x02
	jreq	first
sample:
	ldw	y, *result
	ldw	x, *low
	ldw	x, (x)
	ldw	(y), x
	addw	y, #2
	ldw	*result, y
	ldw	x, *low
	ld	a, xl
	add	a, *size
	ld	xl, a
	ld	a, xh
	adc	a, #0
	ld	xh, a
	ldw	*low, x
	call	tick
	ldw	x, *blocks
	decw	x
	ldw	*blocks, x
	jrne	sample
	popw	y
	jp	next
.endif
first:				; of a group
	mov	*togo, *group
	ldw	x, #0xFFFF
	ldw	*crc3, x
	ldw	*crc1, x
block:
	ld	a, *size
.ifeq SMALL
	srl	a		; two bytes at once, or four
.endif
.ifne FAR
	srl	a
.endif
	ld	*count, a
	clrw	y
	ldw	x, *low
.ifne FAR
	btjf	high, #0, 1$
	jp	bytes1
1$:	btjf	high, #1, 2$
	jp	bytes2
2$:
.endif
.ifne SMALL
bytes:
	ld	a, (x)
	.include "crc.s"
	incw	x
	dec	*count
	jrne	bytes
.else
bytes:
	ld	a, (x)
	.include "crc.s"
	ld	a, (1, x)
	.include "crc.s"
.ifne FAR
	ld	a, (2, x)
	.include "crc.s"
	ld	a, (3, x)
	.include "crc.s"
	addw	x, #4
.else
	addw	x, #2
.endif
	dec	*count
	jreq	bytes_end
	jp	bytes
bytes_end:
.endif
.ifne FAR
	jp	summed
bytes1:
	ldf	a, (0x010000, x)
	.include "crc.s"
	ldf	a, (0x010001, x)
	.include "crc.s"
	ldf	a, (0x010002, x)
	.include "crc.s"
	ldf	a, (0x010003, x)
	.include "crc.s"
	addw	x, #4
	dec	*count
	jreq	bytes1_end
	jp	bytes1
bytes1_end:
	jp	summed
bytes2:
	ldf	a, (0x020000, x)
	.include "crc.s"
	ldf	a, (0x020001, x)
	.include "crc.s"
	ldf	a, (0x020002, x)
	.include "crc.s"
	ldf	a, (0x020003, x)
	.include "crc.s"
	addw	x, #4
	dec	*count
	jreq	bytes2_end
	jp	bytes2
bytes2_end:
.endif
summed:
	ldw	*low, x
	jrne	1$
	inc	*high
1$:	ldw	y, *result
	ldw	x, *crc3
	ldw	(y), x
	ldw	x, *crc1
	ldw	(2, y), x
	call	tick
	ldw	x, *blocks
	decw	x
	ldw	*blocks, x
	jreq	2$
	dec	*togo
.ifne SMALL
	jrne	block
.else
	jreq	3$
	jp	block
3$:
.endif
	addw	y, #4
	ldw	*result, y
	jp	first
2$:	popw	y
	jp	next

refused:
	ld	*iapsr, a
	ld	a, #1
	jp	fail
bad:
	ld	a, #2
	jp	fail

; One block is programmed or erased. X is its address without the bits above 15.
program:
	tnz	*high
	jrne	1$
	cpw	x, #0x8000
	jruge	2$
	cpw	x, #0x4800	; where the option bytes are, and the registers
	jruge	bad
	cpw	x, *lowest
	jrult	bad
	jra	2$
1$:
.ifeq FAR
	jra	bad
.endif
2$:	ld	a, *size
	dec	a
	and	a, *low + 1
	jrne	bad
	ld	a, *mode
	bcp	a, #0xCE	; all but 01, 10, 20
	jrne	bad
	ld	a, *size
	btjf	mode, #5, 3$
	ld	a, #4		; an erase
3$:
.ifeq SMALL
	srl	a		; words of four bytes
	srl	a
.endif
	ld	*count, a
	mov	*phase, #1
	ld	a, *mode
	ld	CR2, a		; CR2 and its complement follow each other directly (PM0047 2.3.3)
.ifne COMPLEMENT
	cpl	a
	ld	CR2 + 1, a
.endif
.ifne FAR
	btjt	high, #0, copy1
	btjt	high, #1, copy2
.endif
copy:
	ld	a, (y)
	ld	(x), a
.ifeq SMALL
	ld	a, (1, y)
	ld	(1, x), a
	ld	a, (2, y)
	ld	(2, x), a
	ld	a, (3, y)
	ld	(3, x), a
	addw	y, #4
	addw	x, #4
.else
	incw	y
	incw	x
.endif
	dec	*count
	jrne	copy
.ifne FAR
	jra	loaded
copy1:
	ld	a, (y)
	ldf	(0x010000, x), a
	ld	a, (1, y)
	ldf	(0x010001, x), a
	ld	a, (2, y)
	ldf	(0x010002, x), a
	ld	a, (3, y)
	ldf	(0x010003, x), a
	addw	y, #4
	addw	x, #4
	dec	*count
	jrne	copy1
	jra	loaded
copy2:
	ld	a, (y)
	ldf	(0x020000, x), a
	ld	a, (1, y)
	ldf	(0x020001, x), a
	ld	a, (2, y)
	ldf	(0x020002, x), a
	ld	a, (3, y)
	ldf	(0x020003, x), a
	addw	y, #4
	addw	x, #4
	dec	*count
	jrne	copy2
.endif
loaded:
	mov	*phase, #2
wait:				; nothing is written in this loop, either; the host judges how long it may take
	ld	a, IAPSR	; one copy: reading clears both bits
	bcp	a, #0x05	; EOP, WR_PG_DIS
	jreq	wait
	bcp	a, #0x01
	jreq	1$
	jp	refused
1$:	clr	*phase
	call	tick
next:
	dec	*left
	jreq	taken
	jp	record
taken:
	ldw	x, *cur
	clr	(3, x)
	ldw	y, *other
	ldw	*cur, y
	ldw	*other, x
	jp	main

tick:				; one block more is done
	ldw	x, *done
	incw	x
	ldw	*done, x
tell:
	ld	a, *done
	xor	a, *done + 1
	xor	a, *error
	xor	a, *iapsr
	xor	a, #0x5A
	ld	*check, a
refresh:
	ld	a, *watch
	srl	a
	jrnc	1$
	mov	IWDG_KR, #0xAA
1$:
.ifne WWDG_CR
	srl	a
	jrnc	2$
	mov	WWDG_CR, #0xFF
2$:
.endif
	ret
