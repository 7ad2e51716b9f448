/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ELF container that a v7 kernel takes beside its parser: ELF64, little-endian, and a few named sections. Each name may
 * occur once. Segments, symbols and section types mean nothing here.
 */
#ifndef KEXECSIGN_CONTAINER_H
#define KEXECSIGN_CONTAINER_H

#include "image.h"

#define CONTAINER_SECTIONS 16
#define ELF64_LITTLE_ENDIAN 0x00010102464c457fULL

struct elf_header {
	u64 magic;
	u8 skipped[32];
	u64 table;
	u8 skipped_too[10];
	u16 entry_size;
	u16 entries;
	u16 names;
} __packed;

struct elf_section {
	u32 name;
	u32 type;
	u64 flags;
	u64 address;
	u64 offset;
	u64 size;
	u8 skipped[24];
} __packed;


static __always_inline bool is_container(const struct blob *image)
{
	u32 magic = 0;

	return peek(image, 0, &magic, sizeof(magic)) == 0 && magic == 0x464c457f;
}

/* Names are at most 15 bytes and compared with their NUL; bytes behind a short table count as NUL. */
static __always_inline bool has_name(const struct blob *image, const struct elf_section *names, u32 name, const char *wanted, u32 length)
{
	char text[16] = {};
	u64 offset;

	if (!inside(name, length, names->size) || !inside(names->offset, names->size, image->size))
		return false;
	offset = names->offset + name;
	if (peek(image, offset, text, length))
		return false;
	for (u32 i = 0; i < length; i++)
		if (text[i] != wanted[i])
			return false;
	return true;
}

/*
 * Finds the section with this name: 1 found, 0 not there or empty, -1 the container is broken or has the name twice.
 * A function of its own for the verifier, which then looks at it once.
 */
#define FIND_SECTION(function, wanted)                                                                             \
	__noinline int function(struct blob *image, struct blob *section)                                          \
	{                                                                                                          \
		struct elf_header header;                                                                          \
		struct elf_section names, entry;                                                                   \
		int found = 0;                                                                                     \
                                                                                                                   \
		if (!image || !section)                                                                            \
			return -1;                                                                                 \
		if (peek(image, 0, &header, sizeof(header)) || (header.magic & 0x00ffffffffffffffULL) != ELF64_LITTLE_ENDIAN) \
			return -1;                                                                                 \
		if (header.entry_size != sizeof(entry) || header.entries > CONTAINER_SECTIONS || header.names >= header.entries) \
			return -1;                                                                                 \
		if (!inside(header.table, (u64)header.entries * sizeof(entry), image->size))                       \
			return -1;                                                                                 \
		if (peek(image, header.table + (u64)header.names * sizeof(names), &names, sizeof(names)))          \
			return -1;                                                                                 \
		for (u32 i = 1; i < CONTAINER_SECTIONS; i++) {                                                     \
			if (i >= header.entries)                                                                   \
				break;                                                                             \
			if (peek(image, header.table + i * sizeof(entry), &entry, sizeof(entry)))                  \
				return -1;                                                                         \
			if (!has_name(image, &names, entry.name, wanted, sizeof(wanted)))                          \
				continue;                                                                          \
			if (found || !inside(entry.offset, entry.size, image->size))                               \
				return -1;                                                                         \
			if (entry.size == 0)                                                                       \
				continue;                                                                          \
			section->address = image->address + entry.offset;                                          \
			section->size = entry.size;                                                                \
			found = 1;                                                                                 \
		}                                                                                                  \
		return found;                                                                                      \
	}

#endif
