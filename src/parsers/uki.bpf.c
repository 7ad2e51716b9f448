// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes kernel, initrds and command line out of a unified kernel image (UAPI specification 5).
 *
 * A section is as long as the smaller of VirtualSize and SizeOfRawData: the first is the content's length in .initrd and
 * .cmdline, and the memory that the kernel will need in .linux; the second counts padding. Several .initrd are joined as
 * the boot stub does it, each padded to 4 bytes. Of an image with profiles the first one is taken: its sections stand for
 * those of the same name before it.
 *
 * .linux may again be a zboot image: v5 and v6 look for a .bpf section in it, v7 gives it to the nested parser.
 * v7: also an ELF container with the image as .uki.
 */
#ifndef IMAGE_SIZE
#define IMAGE_SIZE (0x8000000 - 0x800000)
#endif
#define PARSER_JOINS

#include "image.h"
#if KEXEC_ABI >= 7
#include "container.h"
#endif

#define MZ 0x5a4d
#define PE 0x00004550
#define UKI_SECTIONS 64
#define UKI_INITRDS 16

#define NAME(a, b, c, d, e, f, g) \
	((u64)'.' | (u64)(a) << 8 | (u64)(b) << 16 | (u64)(c) << 24 | (u64)(d) << 32 | (u64)(e) << 40 | (u64)(f) << 48 | (u64)(g) << 56)
#define DOT_LINUX NAME('l', 'i', 'n', 'u', 'x', 0, 0)
#define DOT_INITRD NAME('i', 'n', 'i', 't', 'r', 'd', 0)
#define DOT_CMDLINE NAME('c', 'm', 'd', 'l', 'i', 'n', 'e')
#define DOT_PROFILE NAME('p', 'r', 'o', 'f', 'i', 'l', 'e')

struct coff_header {
	u32 magic;
	u16 machine;
	u16 sections;
	u8 skipped[12];
	u16 optional_size;
	u16 flags;
} __packed;

struct pe_section {
	u64 name;
	u32 virtual_size;
	u32 virtual_address;
	u32 raw_size;
	u32 raw_offset;
	u8 skipped[16];
} __packed;

struct uki {
	struct blob image;
	u64 table;
	u32 sections;
	u32 next_initrd;
	u32 behind_initrds;
	u32 skipped;
	struct blob kernel;
	struct blob cmdline;
};

/* One step of the joining: size bytes from an address to a position of the payload. */
struct step {
	struct blob rest;
	u64 used;
	u64 position;
	u64 from;
	u64 size;
};

static __always_inline long section_at(const struct uki *uki, u32 index, struct pe_section *section)
{
	return peek(&uki->image, uki->table + (u64)index * sizeof(*section), section, sizeof(*section));
}

static __always_inline long content(const struct uki *uki, const struct pe_section *section, struct blob *of)
{
	u32 size = section->virtual_size;

	if (size == 0 || size > section->raw_size)
		size = section->raw_size;
	return part(&uki->image, section->raw_offset, size, of);
}

/* Finds the section table. A function of its own for the verifier, which then looks at it once. */
__noinline int find_table(struct uki *uki)
{
	struct coff_header coff;
	u32 pe = 0;
	u16 mz = 0;

	if (!uki)
		return -1;
	if (peek(&uki->image, 0, &mz, sizeof(mz)) || mz != MZ || peek(&uki->image, 0x3c, &pe, sizeof(pe)))
		return -1;
	if (peek(&uki->image, pe, &coff, sizeof(coff)) || coff.magic != PE || coff.sections > UKI_SECTIONS)
		return -1;
	uki->table = (u64)pe + sizeof(coff) + coff.optional_size;
	uki->sections = coff.sections;
	return inside(uki->table, (u64)coff.sections * sizeof(struct pe_section), uki->image.size) ? 0 : -1;
}

/* Finds the sections that count: those before the first profile, and those of the first profile in their stead. */
__noinline int find_sections(struct uki *uki)
{
	bool profile = false, profile_initrd = false;
	struct pe_section section;
	struct blob found = {};

	if (!uki)
		return -1;
	uki->next_initrd = 0;
	uki->behind_initrds = uki->sections;
	uki->kernel.size = 0;
	uki->cmdline.size = 0;
	for (u32 i = 0; i < UKI_SECTIONS; i++) {
		if (i >= uki->sections)
			break;
		if (section_at(uki, i, &section))
			return -1;
		if (section.name == DOT_PROFILE) {
			if (profile) {
				if (profile_initrd)
					uki->behind_initrds = i;
				break;
			}
			profile = true;
			uki->behind_initrds = i;
			continue;
		}
		if (section.name == DOT_INITRD && profile && !profile_initrd) {
			profile_initrd = true;
			uki->next_initrd = i;
			uki->behind_initrds = uki->sections;
		}
		if (section.name != DOT_LINUX && section.name != DOT_CMDLINE)
			continue;
		if (section.raw_size == 0)
			continue;
		if (content(uki, &section, &found))
			return -1;
		if (section.name == DOT_LINUX)
			uki->kernel = found;
		else
			uki->cmdline = found;
	}
	return uki->kernel.size ? 0 : -1;
}

/*
 * What to copy next when the initrds are joined: 1, 0 when there is no more, -1 when an .initrd lies outside the image or
 * would end behind the payload. All state of the joining is in here, where the verifier looks once.
 */
__noinline int next_step(struct uki *uki, struct step *step)
{
	struct blob *rest;
	struct pe_section section;

	if (!uki || !step)
		return -1;
	rest = &step->rest;
	for (u32 i = 0; i < UKI_SECTIONS && rest->size == 0; i++) {
		if (uki->next_initrd >= uki->behind_initrds)
			return 0;
		if (section_at(uki, uki->next_initrd, &section))
			return -1;
		uki->next_initrd++;
		if (section.name != DOT_INITRD || section.raw_size == 0)
			continue;
		step->used = (step->used + 3) & ~3ULL;
		if (content(uki, &section, rest) || !inside(step->used, rest->size, PAYLOAD_MAX))
			return -1;
	}
	if (rest->size == 0)
		return 0;
	step->position = step->used;
	step->from = rest->address;
	step->size = rest->size < JOIN_STEP ? rest->size : JOIN_STEP;
	step->used += step->size;
	rest->address += step->size;
	rest->size -= step->size;
	return 1;
}

/*
 * Joins the initrds in the record; the joined length, or -1. They are copied in steps, because the verifier adds the
 * largest position to the largest length: with one step of room behind the payload, both may be unknown.
 */
static __always_inline long join_initrds(struct session *session, struct uki *uki)
{
	struct step step = {};
	u64 position, size;
	char *end;
	int more;

	for (u32 round = 0; round < UKI_INITRDS + JOIN_STEPS + 1; round++) {
		more = next_step(uki, &step);
		if (more == 0)
			return step.used;
		position = step.position;
		size = step.size;
		keep_in_register(position);
		keep_in_register(size);
		if (more < 0 || position > PAYLOAD_MAX || size > JOIN_STEP)
			refuse("an .initrd lies outside the image, or the initrds are larger than the parser was built for");
		if (bpf_probe_read_kernel(payload(session) + position, size, (void *)(unsigned long)step.from))
			refuse("an .initrd cannot be read");
		/* The padding of the next one, byte by byte: not every architecture stores a word at an odd address. */
		end = payload(session) + position + size;
		end[0] = 0;
		end[1] = 0;
		end[2] = 0;
	}
	refuse("the image has too many initrds");
}

static __always_inline long give_uki(struct kexec_context *context, struct session *session, const struct blob *image)
{
	struct uki uki = {};
	long initrds;

	uki.image = *image;
	if (find_table(&uki))
		refuse("this is no PE image, or its headers lie outside it");
	if (find_sections(&uki))
		refuse("the image has no .linux, or a section lies outside it");
	if (authenticate(context, session, image))
		return -1;
	initrds = join_initrds(session, &uki);
	if (initrds < 0)
		return -1;
	if (initrds > (long)PAYLOAD_MAX)
		return -1;
	if (initrds > 0 && give(session, TARGET_INITRD, initrds, FINAL))
		return -1;
	if (uki.cmdline.size && give_cmdline(session, &uki.cmdline))
		return -1;
	if (load(session, &uki.kernel))
		return -1;
	return give(session, TARGET_KERNEL, uki.kernel.size, PARSE_AGAIN);
}

#if KEXEC_ABI >= 7
FIND_SECTION(find_uki, ".uki")
#endif

PARSER(uki)
{
	struct blob image;

	container(context, &image);
#if KEXEC_ABI >= 7
	struct blob inner = {};

	if (is_container(&image)) {
		if (find_uki(&image, &inner) != 1)
			refuse("the container is broken or has no .uki");
		return give_uki(context, session, &inner);
	}
#endif
	return give_uki(context, session, &image);
}
