; Erases and programs flash, EEPROM and option bytes for the loader in the boot ROM of an STM8S or STM8AF.
; The ROM has no such code: it calls these two routines, which the host writes into RAM first.
;
; __init__.py defines the symbols of a version of the ROM:
;   WRITE_ENTRY            the address that the ROM calls for a write; it calls 0x00A0 for an erase
;   OPTION                 a byte that the ROM sets before a write of option bytes
;   ERASE_ERROR, WRITE_ERROR   a routine that failed leaves 1 there
;   EEPROM_CODE, LAST_CODE the first sector code of the EEPROM, and the last of all
;
; Both are called by CALL and return by RET; A, X and Y are free. The ROM has given the keys.

BUFFER   = 0x00         ; what is to be written, or the sector codes
COUNT    = 0x88         ; how many of them, less one
ADDRESS  = 0x8A         ; 24 bits, high byte first
STATUS   = 0x8E         ; bit 4: erase everything; bit 6: the data are one whole block
IWDG_KR  = 0x50E0
CR2      = 0x505B
NCR2     = 0x505C
IAPSR    = 0x505F       ; bit 2: an operation has ended; bit 0: the area is protected

	.area ROUTINES (ABS)
	.org 0x00A0

erase:
	clr *ERASE_ERROR
	btjf STATUS,#4,listed
	mov *COUNT,#LAST_CODE   ; every sector: fill the list with their codes
	clrw x
all:
	ld a,xl
	ld (x),a
	incw x
	cpw x,#(LAST_CODE+1)
	jrne all
listed:
	clrw x
sector:
	pushw x
	ld a,(x)
	clr *ADDRESS
	clr *(ADDRESS+2)
	cp a,#EEPROM_CODE
	jruge eeprom
	sll a                   ; flash: 0x8000 + 0x400 * code
	rlc *ADDRESS
	sll a
	rlc *ADDRESS
	add a,#0x80
	jrnc place
	inc *ADDRESS
	jra place
eeprom:
	sub a,#EEPROM_CODE      ; EEPROM: 0x4000 + 0x400 * code
	sll a
	sll a
	add a,#0x40
place:
	ld *(ADDRESS+1),a
	push #8                 ; blocks of 128 bytes
block:
	mov CR2,#0x20
	mov NCR2,#0xDF
	clr a
	clrw x
word:
	ldf ([ADDRESS],x),a
	incw x
	cpw x,#4
	jrne word
	call wait
	jreq erased
	mov *ERASE_ERROR,#1
erased:
	ld a,*(ADDRESS+2)
	add a,#0x80
	ld *(ADDRESS+2),a
	jrnc next
	inc *(ADDRESS+1)
next:
	dec (1,sp)
	jrne block
	pop a
	popw x
	ld a,xl
	incw x
	cp a,*COUNT
	jrne sector
	ret

; Waits until the operation has ended; "not equal" if it failed.
wait:
	mov IWDG_KR,#0xAA
poll:
	ld a,IAPSR              ; reading clears both bits
	bcp a,#0x05
	jreq poll
	bcp a,#1
	ret

	.org WRITE_ENTRY

write:
	clr *WRITE_ERROR
	clr a
	btjf STATUS,#6,bytes
	ld a,#0x01              ; PRG: a standard block
bytes:
	tnz *OPTION
	jreq mode
	or a,#0x80              ; OPT
mode:
	tnz a
	jreq begin
	ld CR2,a
	cpl a
	ld NCR2,a
begin:
	clrw x
byte:
	mov IWDG_KR,#0xAA
	ld a,(x)
	ldf ([ADDRESS],x),a
	btjt STATUS,#6,more
	call wait
	jreq more
	mov *WRITE_ERROR,#1
more:
	ld a,xl
	incw x
	cp a,*COUNT
	jrne byte
	btjf STATUS,#6,done
	call wait
	jreq done
	mov *WRITE_ERROR,#1
done:
	clr *OPTION
	mov CR2,#0
	mov NCR2,#0xFF
	ret
