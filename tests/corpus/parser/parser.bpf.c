// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fixture, not a product: a parser as someone else writes it, with libbpf's headers and a skeleton of its own, for series 6.
 * The parsers that come with the program are in src/parsers.
 */

/* The usual vmlinux.h and linux/bpf.h depend on the machine that builds; this is all that is needed of them. */
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
#define BPF_MAP_TYPE_RINGBUF 27

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

struct kexec_context {
	char *kernel;
	int kernel_sz;
} __attribute__((preserve_access_index));

struct bpf_parser_context;

extern struct bpf_parser_context *bpf_get_parser_context(unsigned long id) __ksym;
extern void bpf_put_parser_context(struct bpf_parser_context *context) __ksym;
extern int bpf_buffer_parser(char *buffer, int size, struct bpf_parser_context *context) __ksym;

/* Sizes must be multiples of the page size of the machine that boots, which is up to 64 KiB on arm64. */
#define RINGBUF(name, size)                        \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_RINGBUF); \
		__uint(max_entries, size);         \
	} name SEC(".maps")

#define MAX_PAYLOAD (32 << 20)
#define RECORD_SIZE (MAX_PAYLOAD + 8)

/* The smallest power of two that has room for one record and the ring buffer's own header. */
RINGBUF(ringbuf_1, 64 << 20);
RINGBUF(ringbuf_2, 65536);
RINGBUF(ringbuf_3, 65536);
RINGBUF(ringbuf_4, 65536);

/* The kernel's skeleton expects a map for each of these sections, so none may be empty. */
const char dummy_rodata[16] = "rodata";
char dummy_data[16] = "data";
char dummy_bss[16];
char *dummy_mergeable_string = "rodata.str1.1";

enum { COMMAND_DECOMPRESS = 1, TARGET_KERNEL = 1 };

struct record {
	__u16 command;
	__u16 target;
	__u32 payload_size;
	char payload[];
} __attribute__((packed));

struct zboot_header {
	__u32 mz;
	char magic[4];
	__u32 payload_offset;
	__u32 payload_size;
};

static int fill(struct record *record, struct kexec_context *context)
{
	struct zboot_header header;
	char *kernel = BPF_CORE_READ(context, kernel);
	__u32 size = BPF_CORE_READ(context, kernel_sz);

	if (size < sizeof(header) || bpf_probe_read_kernel(&header, sizeof(header), kernel))
		return -1;
	if (header.magic[0] != 'z' || header.magic[1] != 'i' || header.magic[2] != 'm' || header.magic[3] != 'g')
		return -1;
	if (header.payload_size > MAX_PAYLOAD || header.payload_offset > size || header.payload_size > size - header.payload_offset)
		return -1;
	record->command = COMMAND_DECOMPRESS;
	record->target = TARGET_KERNEL;
	record->payload_size = header.payload_size;
	if (bpf_probe_read_kernel(record->payload, header.payload_size, kernel + header.payload_offset))
		return -1;
	return sizeof(*record) + header.payload_size;
}

SEC("fentry.s/kexec_image_parser_anchor")
int BPF_PROG(parse_zboot, struct kexec_context *context, unsigned long parser_id)
{
	struct bpf_parser_context *parser;
	struct record *record = bpf_ringbuf_reserve(&ringbuf_1, RECORD_SIZE, 0);
	int size;

	if (!record)
		return 0;
	size = fill(record, context);
	if (size > 0) {
		parser = bpf_get_parser_context(parser_id);
		if (parser) {
			bpf_buffer_parser((char *)record, size, parser);
			bpf_put_parser_context(parser);
		}
	}
	bpf_ringbuf_discard(record, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
