/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The kernel's own decompressors, which it throws away after its start: their source, from the kernel's package, is compiled in once more
 * (the Makefile says where it lies). As the series does, what comes out is collected in chunks up to a limit.
 */
#ifndef KEXEC_JUDGE_UNPACK_H
#define KEXEC_JUDGE_UNPACK_H

#include <linux/decompress/generic.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/vmalloc.h>

#include "object.h"
#include "report.h"

/* They are of the kernel's start no longer. */
#undef __init
#define __init
#undef __initconst
#define __initconst

#define nofill nofill_of_gzip
#include "decompress_inflate.c"
#undef nofill
/* Each takes a STATIC that is there already for the sign that it unpacks the kernel itself. */
#undef STATIC
#undef INIT
#undef DECOMPR_MM_H
#include "decompress_unzstd.c"

#define UNPACKED_MAX (1UL << 29)
#define UNPACKED_CHUNK (8UL << 20)

static struct {
	char *at;
	size_t size;
	size_t room;
	const char *error;
} unpacked;

static void note_error(char *text)
{
	unpacked.error = text;
}

static long collect(void *from, unsigned long size)
{
	if (size > unpacked.room - unpacked.size) {
		size_t room = max(2 * unpacked.room, round_up(unpacked.size + size, UNPACKED_CHUNK));
		char *larger = room > UNPACKED_MAX + UNPACKED_CHUNK || unpacked.size + size > UNPACKED_MAX ? NULL : vmalloc(room);

		if (!larger) {
			unpacked.error = "Decompression runs out of memory";
			return -1;
		}
		if (unpacked.size)
			memcpy(larger, unpacked.at, unpacked.size);
		vfree(unpacked.at);
		unpacked.at = larger;
		unpacked.room = room;
	}
	memcpy(unpacked.at + unpacked.size, from, size);
	unpacked.size += size;
	return size;
}

/* What is packed in there, to be freed with vfree(); the report tells of it either way. */
static int unpack(const struct bytes *packed, struct bytes *to)
{
	const u8 *magic = (const u8 *)packed->at;
	bool gzip = packed->size > 1 && magic[0] == 0x1f && (magic[1] == 0x8b || magic[1] == 0x9e);
	bool zstd = packed->size > 1 && magic[0] == 0x28 && magic[1] == 0xb5;
	long consumed = 0;
	int result = -1;

	memset(&unpacked, 0, sizeof(unpacked));
	if (gzip)
		result = gunzip((u8 *)packed->at, packed->size, NULL, collect, NULL, &consumed, note_error);
	else if (zstd)
		result = unzstd((u8 *)packed->at, packed->size, NULL, collect, NULL, &consumed, note_error);
	else
		unpacked.error = "Can not find decompress method";
	if (result || unpacked.error) {
		say("cannot decompress 0x%zx bytes: %s", packed->size, unpacked.error ? unpacked.error : "it does not say why");
		vfree(unpacked.at);
		return -EINVAL;
	}
	say("decompressed 0x%zx bytes of %s to 0x%zx", packed->size, gzip ? "gzip" : "zstd", unpacked.size);
	to->at = unpacked.at;
	to->size = unpacked.size;
	return 0;
}

#endif
