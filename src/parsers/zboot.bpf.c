// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes the kernel out of an EFI zboot image (drivers/firmware/efi/libstub/zboot-header.S).
 *
 * The header's payload size is handed over to the last byte: Makefile.zboot counts gzip's own size field in, and leaves
 * the size that it appends to other formats out. Cutting 4 bytes more loses the checksum of a zstd frame, and the kernel
 * then refuses the frame.
 *
 * v7: also the ELF envelope with the zboot image as .kernel, and .initrd and .cmdline beside it.
 */
#ifndef IMAGE_SIZE
#define IMAGE_SIZE (0x4000000 - 0x1000)
#endif

#include "image.h"
#if KEXEC_ABI >= 7
#include "container.h"
#endif

#define MZ 0x5a4d
#define ZIMG 0x676d697a

struct zboot_header {
	u16 mz;
	u16 skipped;
	u32 type;
	u32 payload_offset;
	u32 payload_size;
	u8 skipped_too[48];
} __packed;

static __always_inline long give_zboot(struct kexec_context *context, struct session *session, const struct blob *image)
{
	struct zboot_header header;
	struct blob compressed;

	if (peek(image, 0, &header, sizeof(header)) || header.mz != MZ || header.type != ZIMG)
		refuse("this is no EFI zboot image");
	if (header.payload_offset < sizeof(header) || part(image, header.payload_offset, header.payload_size, &compressed))
		refuse("the payload lies outside the zboot image");
	if (authenticate(context, session, image) || load(session, &compressed))
		return -1;
	return give_decompressed(session, compressed.size);
}

#if KEXEC_ABI >= 7

FIND_SECTION(find_kernel, ".kernel")
FIND_SECTION(find_initrd, ".initrd")
FIND_SECTION(find_cmdline, ".cmdline")

static __always_inline long give_envelope(struct kexec_context *context, struct session *session, struct blob *envelope)
{
	struct blob kernel = {}, initrd = {}, cmdline = {};
	int initrds, cmdlines;

	if (find_kernel(envelope, &kernel) != 1)
		refuse("the envelope is broken or has no .kernel");
	initrds = find_initrd(envelope, &initrd);
	cmdlines = find_cmdline(envelope, &cmdline);
	if (initrds < 0 || cmdlines < 0)
		refuse("the envelope has a broken .initrd or .cmdline");
	if (give_zboot(context, session, &kernel))
		return -1;
	if (initrds && (load(session, &initrd) || give(session, TARGET_INITRD, initrd.size, FINAL)))
		return -1;
	return cmdlines ? give_cmdline(session, &cmdline) : 0;
}

#endif

PARSER(zboot)
{
	struct blob image;

	container(context, &image);
#if KEXEC_ABI >= 7
	if (is_container(&image))
		return give_envelope(context, session, &image);
#endif
	return give_zboot(context, session, &image);
}
