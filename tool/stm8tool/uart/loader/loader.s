; A loader in the RAM of an STM8 that programs, checks and reads over the UART, as the boot ROM has left it.
; The boot ROM's loader writes it into RAM and starts it with GO. It takes the next block while one is programmed.
;
; A frame of the host: command, address (3 bytes), length, number, the data of W, CRC-32 of all that (low byte first).
;   W   write `length` bytes. `number` is FLASH_CR2: 01 a whole block, 80 option bytes, 00 other bytes
;   C   checksums of `number` pieces of `length` bytes (0: 256). The answer has 4 bytes each, high byte first, not inverted
;   R   read `length` bytes (0: 256). Their checksum follows them, as for C
;   G   start a program
; The answer begins with ACK; NACK: the frame was damaged, and the loader has waited until the wire was silent;
; REFUSED: the flash controller refused this write or the one before it.
; ACK for W comes when the flash controller has the bytes, so the host may send two frames before the first ACK.
;
; TIM4 counts every 2.05 ms at 16 MHz. A pause in a frame of 0.13 s makes it a damaged one. After 2.1 s without a good
; frame the chip resets itself, and its boot ROM listens again. A loop that waits writes nothing.
;
; `__init__.py` says what the names in capitals are, `tests/assembled.py` assembles this into `code.csv`.
; Sources: RM0016 (UART, TIM4, flash), RM0031 (the same of the STM8L), PM0044 (instructions).

top	= 0x10			; the stack as the boot ROM left it
rin	= 0x12			; of RING: where the next byte comes,
rout	= 0x13			; ... and where the next one is taken
crc3	= 0x14			; high byte first
crc2	= 0x15
crc1	= 0x16
crc0	= 0x17
command	= 0x18			; the head of a frame
high	= 0x19			; address, 24 bits
middle	= 0x1A
length	= 0x1C
number	= 0x1D
sum	= 0x1E			; 4 bytes
busy	= 0x22			; a block is being programmed
within	= 0x23			; a frame has begun
ticks	= 0x24			; since the last byte
idle	= 0x25			; ticks since the last good frame; 2 bytes
count	= 0x27
TABLE	= 0x40			; four rows of 32 bytes: CRC of the values below 16, then of 16 times them
RING	= 0x0100		; 256 bytes

ACK	= 0x79
NACK	= 0x1F
REFUSED	= 0xEE

SR	= UART
DR	= UART + 1
PATIENCE = 64			; ticks in a frame
SILENCE	= 20			; ticks after a damaged one

	.area	LOADER (ABS)
	.org	START
start:
	jra	begin
again:				; the window watchdog resets the chip
	mov	WWDG_CR, #0x80
	jra	again

begin:
	sim
	ldw	x, sp
	ldw	*top, x
	clrw	x
	ldw	*rin, x
	ldw	*idle, x
	clr	*ticks
	clr	*busy
	clr	*within
.ifne GATE
	bset	GATE, #2
.endif
	mov	TIM4_PSCR, #7
	mov	TIM4_ARR, #0xFF
	mov	TIM4_EGR, #1
	mov	TIM4_SR, #0
	mov	TIM4_CR1, #1
value:				; of the table; X is the place in a row
	ld	a, xl
	cp	a, #16
	jrult	1$
	swap	a
	and	a, #0xF0
1$:
	.include "crc_entry.s"
	ld	a, *crc0
	ld	(TABLE, x), a
	ld	a, *crc1
	ld	(TABLE + 32, x), a
	ld	a, *crc2
	ld	(TABLE + 64, x), a
	ld	a, *crc3
	ld	(TABLE + 96, x), a
	incw	x
	cpw	x, #32
	jrne	value

main:
	ldw	x, *top
	ldw	sp, x
next:
	clr	*within
	call	fresh
	call	getc
	cp	a, #0x57		; W
	jreq	1$
	cp	a, #0x43		; C
	jreq	1$
	cp	a, #0x52		; R
	jreq	1$
	cp	a, #0x47		; G
	jrne	next		; such as the echo of the boot ROM's last byte
1$:	inc	*within
	ld	*command, a
	ldw	x, #high
	mov	*count, #5
	call	take
	ld	a, *command
	cp	a, #0x57
	jrne	2$
	ldw	x, #BLOCK
	mov	*count, *length
	call	take
2$:	ldw	x, #sum
	mov	*count, #4
	call	take
	clr	*within
	ldw	x, *crc3		; the checksum with itself gives always the same
	cpw	x, #0xDEBB
	jrne	bad
	ldw	x, *crc1
	cpw	x, #0x20E3
	jrne	bad
	clrw	x
	ldw	*idle, x
	call	wait
	ld	a, *command
	cp	a, #0x57
	jrne	3$
	jp	write
3$:	ld	a, #ACK
	call	putc
	ld	a, *command
	cp	a, #0x43
	jreq	sums
	cp	a, #0x52
	jreq	read
4$:	btjf	SR, #6, 4$	; until ACK has left
	clr	TIM4_CR1
	clr	TIM4_PSCR
	clr	TIM4_SR
.ifne GATE
	bres	GATE, #2
.endif
	jpf	[high]

read:
	call	fresh
	clrw	x
1$:	ldf	a, ([high], x)
	call	putc
	call	sum_up
	incw	x
	dec	*length
	jrne	1$
	call	result
	jp	next

sums:
	clrw	x
1$:	pushw	x
	call	fresh
	popw	x
	mov	*count, *length
2$:	ldf	a, ([high], x)
	call	sum_up
	incw	x
	dec	*count
	jrne	2$
	call	result
	btjf	TIM4_SR, #0, 3$
	call	tick
3$:	dec	*number
	jrne	1$
	jp	next

bad:				; the rest of a damaged frame is lost
	clr	*within
	clr	*ticks
1$:	btjf	SR, #5, 2$
	ld	a, DR
	clr	*ticks
2$:	btjf	TIM4_SR, #0, 1$
	call	tick
	ld	a, *ticks
	cp	a, #SILENCE
	jrult	1$
	clrw	x
	ldw	*rin, x
	ld	a, #NACK
	jra	say

refused:
	ld	a, #REFUSED
say:
	call	putc
	jp	main

write:				; program memory or data EEPROM and option bytes: each has keys
	tnz	*high
	jrne	1$
	btjf	middle, #7, 2$
1$:	btjt	IAPSR, #1, 3$	; PUL
	mov	PUKR, #0x56
	mov	PUKR, #0xAE
	jra	3$
2$:	btjt	IAPSR, #3, 3$	; DUL
	mov	DUKR, #0xAE
	mov	DUKR, #0x56
3$:	ld	a, *number
	ld	CR2, a
.ifne COMPLEMENT
	cpl	a
	ld	CR2 + 1, a
.endif
	clrw	x
byte:
	call	poll
	ld	a, (BLOCK, x)
	ldf	([high], x), a
	btjt	number, #0, 1$
	inc	*busy
	call	wait
1$:	incw	x
	dec	*length
	jrne	byte
	btjf	number, #0, 2$
	inc	*busy
2$:	ld	a, #ACK
	call	putc
	jp	next

; Waits until the flash controller has ended. A is lost.
wait:
	tnz	*busy
	jreq	2$
1$:	btjt	SR, #5, 3$
	btjt	TIM4_SR, #0, 4$
	ld	a, IAPSR		; one copy: reading clears both bits
	bcp	a, #0x05	; EOP, WR_PG_DIS
	jreq	1$
	clr	*busy
	bcp	a, #0x01
	jrne	refused
2$:	ret
3$:	call	poll
	jra	1$
4$:	call	tick
	jra	1$

; Every 2 ms: the watchdogs, and how long the host is silent. A is lost.
tick:
	clr	TIM4_SR
	mov	IWDG_KR, #0xAA
	btjf	WWDG_CR, #7, 1$
	mov	WWDG_CR, #0xFF
1$:	inc	*ticks
	inc	*idle + 1
	jrne	2$
	inc	*idle
	btjf	idle, #2, 2$
	jp	again
2$:	tnz	*within
	jreq	3$
	ld	a, *ticks
	cp	a, #PATIENCE
	jrult	3$
	jp	bad
3$:	ret

; Takes a byte into the ring if one has come. A is lost.
poll:
	btjf	SR, #5, 1$
	pushw	x
	clrw	x
	ld	a, *rin
	ld	xl, a
	inc	*rin
	ld	a, DR
	ld	(RING, x), a
	popw	x
1$:	ret

; `count` bytes to X.
take:
	call	getc
	ld	(x), a
	incw	x
	dec	*count
	jrne	take
	ret

; The next byte in A; it is added to the checksum.
getc:
	call	poll
	ld	a, *rout
	cp	a, *rin
	jrne	2$
1$:	btjt	SR, #5, getc
	btjf	TIM4_SR, #0, 1$
	call	tick
	jra	1$
2$:	pushw	x
	clrw	x
	clr	*ticks
	ld	xl, a
	inc	*rout
	ld	a, (RING, x)
	popw	x

; One byte more, A, for the checksum. A and X are kept.
sum_up:
	push	a
	pushw	x
	clrw	x
	xor	a, *crc0
	push	a
	and	a, #15
	ld	xl, a
	ld	a, (TABLE, x)
	xor	a, *crc1
	ld	*crc0, a
	ld	a, (TABLE + 32, x)
	xor	a, *crc2
	ld	*crc1, a
	ld	a, (TABLE + 64, x)
	xor	a, *crc3
	ld	*crc2, a
	ld	a, (TABLE + 96, x)
	ld	*crc3, a
	pop	a
	swap	a
	and	a, #15
	ld	xl, a
	ld	a, (TABLE + 16, x)
	xor	a, *crc0
	ld	*crc0, a
	ld	a, (TABLE + 48, x)
	xor	a, *crc1
	ld	*crc1, a
	ld	a, (TABLE + 80, x)
	xor	a, *crc2
	ld	*crc2, a
	ld	a, (TABLE + 112, x)
	xor	a, *crc3
	ld	*crc3, a
	popw	x
	pop	a
	ret

fresh:
	ldw	x, #0xFFFF
	ldw	*crc3, x
	ldw	*crc1, x
	ret

; Sends the checksum.
result:
	ld	a, *crc3
	call	putc
	ld	a, *crc2
	call	putc
	ld	a, *crc1
	call	putc
	ld	a, *crc0

; Sends A, which is kept.
putc:
	btjf	SR, #7, putc
	ld	DR, a
	ret
