// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Series v6: the parser lies in the image's own section .bpf, and in that of what it gives, and so on. */
#include <linux/types.h>

struct kexec_context {
	bool kdump;
	char *kernel;
	int kernel_sz;
	char *initrd;
	int initrd_sz;
	char *cmdline;
	int cmdline_sz;
};

#include "judge.h"

/* The kernel has no such bound; without it a parser that gives its own image again runs for ever. */
#define LEVELS_MAX 8

enum command { COMMAND_DECOMPRESS = 1, COMMAND_COPY = 2 };

struct packet {
	u16 command;
	u16 target;
	u32 size;
} __packed;

static bool has_new_kernel;

static char **result_at(enum result which, size_t *size)
{
	*size = which == RESULT_KERNEL ? context->kernel_sz : which == RESULT_INITRD ? context->initrd_sz : context->cmdline_sz;
	return which == RESULT_KERNEL ? &context->kernel : which == RESULT_INITRD ? &context->initrd : &context->cmdline;
}

static void set_result(enum result which, char *at, size_t size)
{
	size_t before;

	*result_at(which, &before) = at;
	*(which == RESULT_KERNEL ? &context->kernel_sz : which == RESULT_INITRD ? &context->initrd_sz : &context->cmdline_sz) = size;
	has_new_kernel |= which == RESULT_KERNEL;
}

static int drop(const struct packet *packet)
{
	say("ignores command %u with subcommand %u", packet->command, packet->target);
	return 0;
}

/* Whatever the decompressor says, the parser hears that all is well. */
static int decompress(const struct packet *packet, const struct bytes *payload)
{
	struct bytes image;

	if (unpack(payload, &image))
		return 0;
	if (packet->target != RESULT_KERNEL) {
		vfree(image.at);
		return drop(packet);
	}
	store(RESULT_KERNEL, (char *)image.at, image.size);
	return 0;
}

static int copy(const struct packet *packet, const struct bytes *payload, size_t size)
{
	char *at;

	if (!payload->size)
		return refuse(-ENOMEM, size);
	if (packet->target < RESULT_KERNEL || packet->target > RESULT_CMDLINE)
		return drop(packet);
	at = duplicate(payload->at, payload->size, payload->size);
	if (!at)
		return refuse(-ENOMEM, size);
	store(packet->target, at, payload->size);
	return 0;
}

static int handle_packet(const struct bytes *bytes)
{
	const struct packet *packet = (const void *)bytes->at;
	struct bytes payload = { .at = bytes->at + sizeof(*packet) };

	if (bytes->size < sizeof(*packet) || packet->size > bytes->size - sizeof(*packet))
		return refuse(-EINVAL, bytes->size);
	payload.size = packet->size;
	switch (packet->command) {
	case COMMAND_DECOMPRESS: return decompress(packet, &payload);
	case COMMAND_COPY: return copy(packet, &payload, bytes->size);
	default: return drop(packet);
	}
}

static u32 number(const char *at, int size)
{
	u32 value = 0;

	memcpy(&value, at, size);
	return value;
}

/* The first section .bpf of a PE: 1 found, 0 none, or an error when it lies outside. */
static int find_parser(const struct bytes *image, struct bytes *object)
{
	u64 pe, table;
	u32 i;

	if (image->size < 64 || memcmp(image->at, "MZ", 2))
		return 0;
	pe = number(image->at + 0x3c, 4);
	if (!within(pe, 24, image->size) || memcmp(image->at + pe, "PE\0", 4))
		return 0;
	table = pe + 24 + number(image->at + pe + 20, 2);
	for (i = 0; i < number(image->at + pe + 6, 2) && within(table, 40, image->size); i++, table += 40) {
		const char *section = image->at + table;
		u32 size = number(section + 16, 4), offset = number(section + 20, 4);

		if (memcmp(section, ".bpf\0\0\0", 8))
			continue;
		if (!within(offset, size, image->size))
			return -EINVAL;
		object->at = image->at + offset;
		object->size = size;
		return 1;
	}
	return 0;
}

static int load(const struct bytes *kernel, const struct bytes *initrd)
{
	static struct kexec_context its;
	struct bytes image, object;
	int level = 1, found, result;

	memset(&its, 0, sizeof(its));
	context = &its;
	its.kernel = duplicate(kernel->at, kernel->size, kernel->size);
	its.kernel_sz = kernel->size;
	for (;; level++) {
		struct armed parser;

		image.at = its.kernel;
		image.size = its.kernel_sz;
		found = find_parser(&image, &object);
		if (found < 0 || (found && level > LEVELS_MAX))
			return -EINVAL;
		if (!found)
			return level > 1 ? 0 : -ENOEXEC;
		say("level %d", level);
		result = arm(&parser, &object, ".bpf");
		if (result)
			return result;
		has_new_kernel = false;
		result = call_hook();
		disarm(&parser);
		if (result || !has_new_kernel)
			return -EINVAL;
	}
}
