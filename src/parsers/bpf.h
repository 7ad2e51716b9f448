/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a parser needs of BPF itself: types, the few helpers it calls by number (uapi/linux/bpf.h), and CO-RE accessors.
 * Written out here so that an object depends on the compiler alone, not on the headers of the machine that builds it.
 */
#ifndef KEXECSIGN_BPF_H
#define KEXECSIGN_BPF_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef _Bool bool;
#define false 0
#define true 1

#define NULL ((void *)0)
#define SEC(name) __attribute__((section(name), used))
#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))
#define __packed __attribute__((packed))
#define __ksym __attribute__((section(".ksyms")))
#define __core __attribute__((preserve_access_index))

#define BPF_MAP_TYPE_RINGBUF 27
#define BPF_RB_NO_WAKEUP 1
#define BPF_FIELD_EXISTS 2

static long (*const bpf_trace_printk)(const char *format, u32 format_size, ...) = (void *)6;
static long (*const bpf_probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*const bpf_probe_read_kernel_str)(void *to, u32 size, const void *from) = (void *)115;
static void *(*const bpf_ringbuf_reserve)(void *ring, u64 size, u64 flags) = (void *)131;
static void (*const bpf_ringbuf_discard)(void *record, u64 flags) = (void *)133;

/* A field of a kernel structure, wherever the running kernel keeps it. */
#define core_read(to, field) bpf_probe_read_kernel(&(to), sizeof(to), __builtin_preserve_access_index(&(field)))
#define core_has(field) __builtin_preserve_field_info(field, BPF_FIELD_EXISTS)

/*
 * The verifier follows the bounds of one register at a time. Without this the compiler checks one copy of a value and
 * uses another.
 */
#define keep_in_register(value) asm volatile("" : "+r"(value))

/* One line in the trace: why the image was not taken. */
#define say(text)                                       \
	do {                                            \
		static const char message[] = text;     \
		bpf_trace_printk(message, sizeof(message)); \
	} while (0)

#define refuse(text)       \
	do {               \
		say(text); \
		return -1; \
	} while (0)

#endif
