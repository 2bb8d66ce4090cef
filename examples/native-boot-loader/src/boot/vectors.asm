; The chip's vectors. A reset starts the boot loader. Every other vector leads to the application's vector at its place.
;
; The areas are in SDCC's order.

	.module vectors
	.globl _boot

application = 0x9000

	.area DATA
	.area INITIALIZED
	.area HOME
	.area GSINIT
	.area GSFINAL
	.area CONST
	.area INITIALIZER
	.area CODE

	.area HOME
	int start
	int application + 4 ; trap
	int application + 8 ; interrupt 0
	int application + 12 ; interrupt 1
	int application + 16 ; interrupt 2
	int application + 20 ; interrupt 3
	int application + 24 ; interrupt 4
	int application + 28 ; interrupt 5
	int application + 32 ; interrupt 6
	int application + 36 ; interrupt 7
	int application + 40 ; interrupt 8
	int application + 44 ; interrupt 9
	int application + 48 ; interrupt 10
	int application + 52 ; interrupt 11
	int application + 56 ; interrupt 12
	int application + 60 ; interrupt 13
	int application + 64 ; interrupt 14
	int application + 68 ; interrupt 15
	int application + 72 ; interrupt 16
	int application + 76 ; interrupt 17
	int application + 80 ; interrupt 18
	int application + 84 ; interrupt 19
	int application + 88 ; interrupt 20
	int application + 92 ; interrupt 21
	int application + 96 ; interrupt 22
	int application + 100 ; interrupt 23
	int application + 104 ; interrupt 24
	int application + 108 ; interrupt 25
	int application + 112 ; interrupt 26
	int application + 116 ; interrupt 27
	int application + 120 ; interrupt 28
	int application + 124 ; interrupt 29

	.area CODE
start:
	jp _boot
