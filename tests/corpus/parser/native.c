// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a parser natively: native IMAGE FOLDER writes what it hands over to FOLDER; native IMAGE - SEED COUNT runs it on
 * COUNT damaged copies. Compiled with -include of native.h, -DPARSER_SOURCE and -DENTRY.
 */
#include <stdlib.h>
#include PARSER_SOURCE

bool quiet;
static char *image;
static size_t image_size;
static char *record;
static size_t record_size;
static const char *folder;
static int sessions;

static void broken(const char *what)
{
	fprintf(stderr, "%s\n", what);
	abort();
}

static bool lies_in(const char *from, size_t size, const char *start, size_t length)
{
	return from >= start && size <= length && (size_t)(from - start) <= length - size;
}

long bpf_probe_read_kernel(void *to, u32 size, const void *from)
{
	if (size && !lies_in(from, size, image, image_size) && !lies_in(from, size, record, record_size))
		broken("read outside the image");
	memmove(to, from, size);
	return 0;
}

long bpf_probe_read_kernel_str(void *to, u32 size, const void *from)
{
	size_t length = strnlen(from, size);

	if (length == size)
		length--;
	bpf_probe_read_kernel(to, length + 1, from);
	((char *)to)[length] = 0;
	return length + 1;
}

void *bpf_ringbuf_reserve(void *ring, u64 size, u64 flags)
{
	record_size = size;
	record = malloc(size);
	return record;
}

void bpf_ringbuf_discard(void *given, u64 flags)
{
	if (given != record)
		broken("discarded what was not reserved");
	free(record);
	record = NULL;
}

static void took(const char *verb, int target, int again, const char *bytes, size_t size)
{
	static const char *const names[] = { "end", "kernel", "initrd", "cmdline" };
	char path[4096];

	if (!lies_in(bytes, size, record, record_size))
		broken("handed over bytes outside the record");
	if (quiet)
		return;
	printf("%s %s again=%d size=%zu\n", verb, names[target], again, size);
	snprintf(path, sizeof(path), "%s/%s", folder, names[target]);
	FILE *file = fopen(path, "wb");
	fwrite(bytes, 1, size, file);
	fclose(file);
}

#if KEXEC_ABI == 5

int bpf_copy_to_kernel(const char *name, char *buffer, int size)
{
	if (!strncmp(name, "kexec:", 6))
		return -22;
	took("copy", !strcmp(name, "kernel") ? 1 : !strcmp(name, "initrd") ? 2 : !strcmp(name, "cmdline") ? 3 : 0, 0, buffer, size);
	return 0;
}

/* Decompression that changes nothing: what is looked at is which bytes arrive. */
struct mem_range_result *bpf_decompress(char *compressed, int size)
{
	static struct mem_range_result result;

	result.buf = compressed;
	result.data_sz = size;
	sessions++;
	return &result;
}

int bpf_mem_range_result_put(struct mem_range_result *result)
{
	sessions--;
	return 0;
}

#else

struct bpf_parser_context *bpf_get_parser_context(unsigned long id)
{
	sessions++;
	return (void *)id;
}

void bpf_put_parser_context(struct bpf_parser_context *parser)
{
	sessions--;
}

int bpf_buffer_parser(char *buffer, int size, struct bpf_parser_context *parser)
{
	struct packet packet;

	memcpy(&packet, buffer, sizeof(packet));
	if (size < (int)sizeof(packet) || packet.size != size - sizeof(packet))
		broken("a packet that lies about its size");
#if KEXEC_ABI == 7
	took(packet.command == COMMAND_DONE ? "done" : packet.command == COMMAND_COPY ? "copy" : "decompress", packet.target, packet.again, buffer + sizeof(packet), packet.size);
#else
	took(packet.command == COMMAND_COPY ? "copy" : "decompress", packet.target, 0, buffer + sizeof(packet), packet.size);
#endif
	return 0;
}

#endif

static void parse(void)
{
	struct kexec_context context = {};
	u64 arguments[2] = { (u64)(unsigned long)&context, 1 };

#if KEXEC_ABI == 5
	context.image = image;
	context.image_sz = image_size;
#elif KEXEC_ABI == 6
	context.kernel = image;
	context.kernel_sz = image_size;
#else
	context.parsing_buf[0] = image;
	context.parsing_buf_sz[0] = image_size;
#endif
	ENTRY(arguments);
	if (sessions || record)
		broken("a reference or a record was not given back");
}

static unsigned int state;

static unsigned int next(unsigned int below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

int main(int count, char **arguments)
{
	static const u32 wild[] = { 0, 1, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff };
	FILE *file = fopen(arguments[1], "rb");
	static char sound[1 << 20];

	image_size = fread(sound, 1, sizeof(sound), file);
	folder = arguments[2];
	if (count < 5) {
		image = malloc(image_size);
		memcpy(image, sound, image_size);
		parse();
		return 0;
	}
	quiet = true;
	state = atoi(arguments[3]);
	size_t whole = image_size, headers = whole < 1024 ? whole : 1024;
	for (int i = 0; i < atoi(arguments[4]); i++) {
		image_size = next(8) ? whole : next(whole + 1);
		image = malloc(image_size);
		memcpy(image, sound, image_size);
		for (int changes = 1 + next(3); changes && image_size > 4; changes--) {
			size_t at = next(4) ? next(headers < image_size ? headers : image_size) : next(image_size);
			if (at + 4 > image_size)
				continue;
			if (next(2))
				memcpy(image + at, &wild[next(sizeof(wild) / sizeof(wild[0]))], 4);
			else
				image[at] ^= 1 << next(8);
		}
		parse();
		free(image);
	}
	return 0;
}
