/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands in for src/parsers/bpf.h, so that a parser can be compiled for the machine that tests it, with sanitizers: the
 * helpers become functions, and reading outside the image, which the kernel would forgive, ends the program.
 */
#ifndef KEXECSIGN_BPF_H
#define KEXECSIGN_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((used))
#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))
#define __packed __attribute__((packed))
#define __ksym
#define __core

#define BPF_MAP_TYPE_RINGBUF 27
#define BPF_RB_NO_WAKEUP 1

long bpf_probe_read_kernel(void *to, u32 size, const void *from);
long bpf_probe_read_kernel_str(void *to, u32 size, const void *from);
void *bpf_ringbuf_reserve(void *ring, u64 size, u64 flags);
void bpf_ringbuf_discard(void *record, u64 flags);

#define core_read(to, field) memcpy(&(to), &(field), sizeof(to))
#define core_has(field) 1
#define keep_in_register(value) asm volatile("" : "+r"(value))

extern bool quiet;

#define say(text)                        \
	do {                             \
		if (!quiet)              \
			puts("said " text); \
	} while (0)

#define refuse(text)       \
	do {               \
		say(text); \
		return -1; \
	} while (0)

#endif
