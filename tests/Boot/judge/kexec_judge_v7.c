// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Series v7: the parsers come in an ELF file of their own, alternatives in .bpf.1 to .bpf.8 and those of the next level in .bpf.nested,
 * which holds such a file again; what they take apart comes as the initrd.
 */
#include <linux/types.h>

#define BUFFERS 16

struct kexec_context {
	bool kdump;
	bool parsed;
	char *parsing_buf[BUFFERS];
	unsigned long parsing_buf_sz[BUFFERS];
	char *kernel;
	unsigned long kernel_sz;
	char *initrd;
	unsigned long initrd_sz;
	char *cmdline;
	unsigned long cmdline_sz;
};

#include "judge.h"

#define PARSERS_MAX 8
#define DEPTH_MAX 4
#define PIPELINE_FILL 1

enum command { COMMAND_DONE = 1, COMMAND_DECOMPRESS = 2, COMMAND_COPY = 3 };

struct packet {
	u16 command;
	u8 target;
	u8 pipeline;
	u32 size;
	u16 chunks;
} __packed;

static struct {
	char *at[BUFFERS];
	size_t size[BUFFERS];
	int count;
} next;

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
}

/* A result, and when the parser says so a copy of it for the next level. */
static int give(const struct packet *packet, char *at, size_t size)
{
	if (packet->pipeline & PIPELINE_FILL) {
		char *again = next.count < BUFFERS ? duplicate(at, size, size) : NULL;

		if (!again) {
			vfree(at);
			return refuse(-ENOMEM, size);
		}
		next.size[next.count] = size;
		next.at[next.count++] = again;
	}
	store(packet->target, at, size);
	return 0;
}

static int decompress(const struct packet *packet, const struct bytes *payload, size_t size)
{
	struct bytes image;

	if (unpack(payload, &image))
		return -EINVAL;
	if (packet->target != RESULT_KERNEL) {
		vfree(image.at);
		return refuse(-EINVAL, size);
	}
	return give(packet, (char *)image.at, image.size);
}

static int copy(const struct packet *packet, const struct bytes *payload, size_t size)
{
	bool open;
	char *at;

	if (packet->target < RESULT_KERNEL || packet->target > RESULT_CMDLINE)
		return refuse(-EINVAL, size);
	if (!payload->size)
		return packet->target == RESULT_INITRD ? 0 : refuse(-EINVAL, size);
	/* A command line gets the zero that it lacks. */
	open = packet->target == RESULT_CMDLINE && payload->at[payload->size - 1];
	at = duplicate(payload->at, payload->size, payload->size + open);
	return at ? give(packet, at, payload->size + open) : refuse(-ENOMEM, size);
}

static int handle_packet(const struct bytes *bytes)
{
	const struct packet *packet = (const void *)bytes->at;
	struct bytes payload = { .at = bytes->at + sizeof(*packet) };

	if (bytes->size < sizeof(*packet) || packet->size > bytes->size - sizeof(*packet))
		return refuse(-EINVAL, bytes->size);
	payload.size = packet->size;
	switch (packet->command) {
	case COMMAND_DONE:
		context->parsed = true;
		say("is told that the parser is done");
		return 0;
	case COMMAND_DECOMPRESS: return decompress(packet, &payload, bytes->size);
	case COMMAND_COPY: return copy(packet, &payload, bytes->size);
	default: return refuse(-EINVAL, bytes->size);
	}
}

struct parsers {
	struct bytes each[PARSERS_MAX + 1];
	struct bytes nested;
	int count;
};

/* Nothing but .shstrtab, .bpf.1 and so on without a gap, and .bpf.nested may be in there, each once. */
static int read_parsers(const struct bytes *elf, struct parsers *parsers)
{
	unsigned int count = 0, i;
	const struct elf64_shdr *sections = elf_sections(elf, &count), *names;
	int highest = 0;

	memset(parsers, 0, sizeof(*parsers));
	if (!sections)
		return -EINVAL;
	names = &sections[((const struct elf64_hdr *)elf->at)->e_shstrndx];
	for (i = 0; i < count; i++) {
		const char *name = elf_string(elf, names, sections[i].sh_name);
		struct bytes *into = NULL;

		if (!name)
			return -EINVAL;
		if (!*name || !strcmp(name, ".shstrtab"))
			continue;
		if (!strcmp(name, ".bpf.nested"))
			into = &parsers->nested;
		else if (!strncmp(name, ".bpf.", 5) && name[5] >= '1' && name[5] <= '0' + PARSERS_MAX && !name[6])
			into = &parsers->each[name[5] - '0'];
		if (!into || into->at)
			return -EINVAL;
		into->at = elf->at + sections[i].sh_offset;
		into->size = sections[i].sh_size;
		if (into != &parsers->nested) {
			parsers->count++;
			highest = max(highest, name[5] - '0');
		}
	}
	return parsers->count && highest == parsers->count ? 0 : -EINVAL;
}

static void drop_next(void)
{
	while (next.count)
		vfree(next.at[--next.count]);
}

/* What the parser asked to have parsed takes the place of what it was given. */
static void advance(void)
{
	int i;

	for (i = 0; i < BUFFERS; i++) {
		vfree(context->parsing_buf[i]);
		context->parsing_buf[i] = i < next.count ? next.at[i] : NULL;
		context->parsing_buf_sz[i] = i < next.count ? next.size[i] : 0;
	}
	next.count = 0;
}

/* Whether a parser takes what is there; one that does not leaves it to the next. */
static bool try_parser(const struct bytes *object, int index)
{
	struct armed parser;
	char name[8];
	int result;

	snprintf(name, sizeof(name), ".bpf.%d", index);
	if (arm(&parser, object, name))
		return false;
	context->parsed = false;
	result = call_hook();
	disarm(&parser);
	if (result || !context->parsed) {
		drop_next();
		return false;
	}
	advance();
	return true;
}

static int process(const struct bytes *elf, int depth)
{
	struct parsers *parsers;
	struct bytes nested;
	int i, result = -EINVAL;

	if (depth > DEPTH_MAX)
		return -EINVAL;
	parsers = kmalloc(sizeof(*parsers), GFP_KERNEL);
	if (!parsers)
		return -ENOMEM;
	if (!read_parsers(elf, parsers)) {
		say("level %d", depth + 1);
		for (i = 1; result && i <= parsers->count; i++)
			result = try_parser(&parsers->each[i], i) ? 0 : -EINVAL;
	}
	nested = parsers->nested;
	kfree(parsers);
	return result || !nested.at ? result : process(&nested, depth + 1);
}

static int load(const struct bytes *kernel, const struct bytes *initrd)
{
	static struct kexec_context its;
	int result = -EINVAL;

	memset(&its, 0, sizeof(its));
	context = &its;
	if (!initrd)
		return -EINVAL;
	its.parsing_buf[0] = duplicate(initrd->at, initrd->size, initrd->size);
	its.parsing_buf_sz[0] = initrd->size;
	result = process(kernel, 0);
	drop_next();
	advance();
	return result ? result : its.kernel && its.initrd && its.cmdline ? 0 : -EINVAL;
}
