/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading what an attacker may have written: nothing is touched before offset and length were held against the size. */
#ifndef KEXECSIGN_IMAGE_H
#define KEXECSIGN_IMAGE_H

#include "kexec.h"

/* Subtracts instead of adding, so that no offset + length can wrap. */
static __always_inline bool inside(u64 offset, u64 length, u64 size)
{
	return length <= size && offset <= size - length;
}

static __always_inline long peek(const struct blob *image, u64 offset, void *to, u32 length)
{
	if (!inside(offset, length, image->size))
		return -1;
	return bpf_probe_read_kernel(to, length, (void *)(unsigned long)(image->address + offset));
}

/* A part of an image, as a blob of its own. */
static __always_inline long part(const struct blob *image, u64 offset, u64 size, struct blob *of)
{
	if (size == 0 || !inside(offset, size, image->size))
		return -1;
	of->address = image->address + offset;
	of->size = size;
	return 0;
}

/* Copies a whole blob into the record. */
static __always_inline long load(struct session *session, const struct blob *from)
{
	u64 size = from->size;

	keep_in_register(size);
	if (size > PAYLOAD_MAX)
		refuse("a part of the image is larger than the parser was built for");
	if (bpf_probe_read_kernel(payload(session), size, (void *)(unsigned long)from->address))
		refuse("a part of the image cannot be read");
	return 0;
}

/* Hands over a command line with exactly one NUL, its last byte. */
static __always_inline long give_cmdline(struct session *session, const struct blob *from)
{
	u64 size = from->size;
	long length;

	keep_in_register(size);
	if (size > 0xffff || size > PAYLOAD_MAX)
		refuse("the command line is longer than 64 KiB");
	if (bpf_probe_read_kernel(payload(session), size, (void *)(unsigned long)from->address))
		refuse("the command line cannot be read");
	payload(session)[size] = 0;
	length = bpf_probe_read_kernel_str(payload(session), size + 1, payload(session));
	if (length <= 0 || length > 0x10000)
		refuse("the command line cannot be read");
	return give(session, TARGET_CMDLINE, length, FINAL);
}

#endif
