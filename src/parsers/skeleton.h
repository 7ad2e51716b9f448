/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The light skeleton's contract. The kernel has one skeleton compiled in and the loader program fills its descriptors by
 * position, so every parser has these maps in this order and nothing else:
 *
 *   v5       ringbuf_1 ringbuf_2 ringbuf_3 ringbuf_4 rodata data bss rodata_str1_1    2 programs
 *   v6, v7   ringbuf_1 ringbuf_2 ringbuf_3 ringbuf_4 rodata data rodata_str1_1 bss    1 program
 *
 * Sizes, in bytes, set by the compiler's -D:
 *   IMAGE_SIZE      the most that is handed to the kernel in one piece
 *   RINGBUF1_SIZE   the ring buffer that this piece travels in, a power of two; computed from IMAGE_SIZE when not given
 */
#ifndef KEXECSIGN_SKELETON_H
#define KEXECSIGN_SKELETON_H

#include "bpf.h"

/* A ring buffer must be a multiple of the page size of the kernel that loads it, and arm64 has pages of up to 64 KiB. */
#define RINGBUF_MIN 0x10000

/* A record has a header of 8 bytes, and the kernel never fills the last 8 bytes of a ring. */
#define RECORD_OVERHEAD 16

/* Room for a packet's header before the payload, and for what a parser may write behind it. */
#define RECORD_HEAD 64
#define RECORD_TAIL 64

/* Pieces are joined in steps of at most this size; the verifier wants one step of room behind the last byte. */
#define JOIN_STEPS 16
#ifdef PARSER_JOINS
#define STEP_FOR(size) (((size) / JOIN_STEPS + 0x1000) & ~0xfffULL)
#else
#define STEP_FOR(size) 0ULL
#endif

#define RECORD_FOR(size) ((u64)(size) + STEP_FOR(size) + RECORD_HEAD + RECORD_TAIL)
#define AT_MOST(size, bit) (size) <= (1ULL << (bit)) ? (1ULL << (bit))
#define POWER_OF_TWO(size)                                                                              \
	(AT_MOST(size, 16) : AT_MOST(size, 17) : AT_MOST(size, 18) : AT_MOST(size, 19) : AT_MOST(size, 20) : \
	 AT_MOST(size, 21) : AT_MOST(size, 22) : AT_MOST(size, 23) : AT_MOST(size, 24) : AT_MOST(size, 25) : \
	 AT_MOST(size, 26) : AT_MOST(size, 27) : AT_MOST(size, 28) : AT_MOST(size, 29) : (1ULL << 30))

#ifndef IMAGE_SIZE
#error "IMAGE_SIZE: the most bytes handed to the kernel in one piece"
#endif
#ifndef RINGBUF1_SIZE
#define RINGBUF1_SIZE POWER_OF_TWO(RECORD_FOR(IMAGE_SIZE) + RECORD_OVERHEAD)
#endif

#define PAYLOAD_MAX ((u64)(IMAGE_SIZE))
#define RECORD_SIZE RECORD_FOR(IMAGE_SIZE)
#define JOIN_STEP STEP_FOR(IMAGE_SIZE)

_Static_assert(PAYLOAD_MAX > 0, "IMAGE_SIZE is 0");
_Static_assert((RINGBUF1_SIZE & (RINGBUF1_SIZE - 1)) == 0, "RINGBUF1_SIZE is no power of two");
_Static_assert(RINGBUF1_SIZE >= RINGBUF_MIN, "RINGBUF1_SIZE is smaller than a page of 64 KiB");
_Static_assert(RECORD_SIZE + RECORD_OVERHEAD <= RINGBUF1_SIZE, "a record of IMAGE_SIZE does not fit into RINGBUF1_SIZE");
_Static_assert(RECORD_SIZE < 0x3fffffff, "the kernel reserves at most 1 GiB in one record");

#define RINGBUF(name, size)                                 \
	struct {                                            \
		int (*type)[BPF_MAP_TYPE_RINGBUF];          \
		int (*max_entries)[(size)];                 \
	} name SEC(".maps")

RINGBUF(ringbuf_1, RINGBUF1_SIZE);
RINGBUF(ringbuf_2, RINGBUF_MIN);
RINGBUF(ringbuf_3, RINGBUF_MIN);
RINGBUF(ringbuf_4, RINGBUF_MIN);

/*
 * One object for each section that the skeleton has a map for; the maps' order is that of the sections, which is that of
 * these lines. Without its initializer skeleton_bss would be a tentative definition, and come last.
 */
const char skeleton_rodata[16] __attribute__((used)) = "rodata";
char skeleton_data[16] __attribute__((used)) = "data";
#if KEXEC_ABI == 5
char skeleton_bss[16] __attribute__((used)) = {};
char *skeleton_string __attribute__((used)) = "rodata.str1.1";
#else
char *skeleton_string __attribute__((used)) = "rodata.str1.1";
char skeleton_bss[16] __attribute__((used)) = {};
#endif

char parser_license[] SEC("license") = "GPL";

#endif
