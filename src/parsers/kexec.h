/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's side of the three series, as far as a parser sees it: the hook, struct kexec_context, the kfuncs and the
 * packets. KEXEC_ABI is 5, 6 or 7. Field offsets come from the running kernel's BTF (CO-RE), so the structures name only
 * what is read.
 *
 * To a parser each series offers the same few verbs:
 *
 *   open_session     take a record and the kernel's side of the conversation; close_session gives both back
 *   container        the image to be parsed
 *   authenticate     ask the kernel to check an image's signature, where it leaves that to the parser
 *   give             hand over the payload that lies in the record
 *   give_decompressed   hand over the payload as the kernel decompresses it
 *   finish           say that the image was understood
 */
#ifndef KEXECSIGN_KEXEC_H
#define KEXECSIGN_KEXEC_H

#include "skeleton.h"

enum target { TARGET_KERNEL = 1, TARGET_INITRD = 2, TARGET_CMDLINE = 3 };

/* What comes next may parse it again (v7; in v5 and v6 an image says so itself by its .bpf section). */
enum { FINAL = 0, PARSE_AGAIN = 1 };

/* Bytes somewhere in the kernel's memory. */
struct blob {
	u64 address;
	u64 size;
};

struct session {
	char *record;
	struct bpf_parser_context *parser;
};

#if KEXEC_ABI == 5

struct kexec_context {
	char *image;
	u32 image_sz;
} __core;

struct mem_range_result {
	char *buf;
	u32 data_sz;
} __core;

struct bpf_parser_context;

extern int bpf_copy_to_kernel(const char *name, char *buffer, int size) __ksym;
extern struct mem_range_result *bpf_decompress(char *compressed, int size) __ksym;
extern int bpf_mem_range_result_put(struct mem_range_result *result) __ksym;

#define PARSER(name)                                                                        \
	static __always_inline long name(struct kexec_context *context, struct session *session); \
	SEC("fentry.s/bpf_handle_pefile") int parse_##name(u64 *arguments)                  \
	{                                                                                   \
		return run(arguments, name);                                                \
	}                                                                                   \
	SEC("fentry.s/bpf_post_handle_pefile") int post_##name(u64 *arguments)              \
	{                                                                                   \
		return 0;                                                                   \
	}                                                                                   \
	static __always_inline long name(struct kexec_context *context, struct session *session)

static __always_inline void container(struct kexec_context *context, struct blob *image)
{
	char *address = NULL;
	u32 size = 0;

	core_read(address, context->image);
	core_read(size, context->image_sz);
	image->address = (u64)(unsigned long)address;
	image->size = address ? size : 0;
}

static __always_inline bool open_session(struct session *session, u64 id)
{
	session->parser = NULL;
	return true;
}

static __always_inline void close_session(struct session *session)
{
}

static __always_inline long authenticate(struct kexec_context *context, struct session *session, const struct blob *image)
{
	return 0;
}

static __always_inline char *payload(struct session *session)
{
	return session->record + RECORD_HEAD;
}

/* Names of at most 16 bytes, as numbers: a constant of that size would get a section, and so a map, of its own. */
#define KERNEL 0x6c656e72656bULL
#define INITRD 0x647274696e69ULL
#define CMDLINE 0x656e696c646d63ULL
#define KEXEC 0x3a636578656bULL

/* Snapshots of the series know the results as "kernel" or as "kexec:kernel"; a kernel refuses the name that it lacks. */
static __always_inline long give(struct session *session, enum target target, u32 size, u8 again)
{
	u64 plain = target == TARGET_KERNEL ? KERNEL : target == TARGET_INITRD ? INITRD : CMDLINE;
	u64 name[2] = { KEXEC | plain << 48, plain >> 16 };

	if (bpf_copy_to_kernel((char *)name, payload(session), size) == 0)
		return 0;
	name[0] = plain;
	name[1] = 0;
	if (bpf_copy_to_kernel((char *)name, payload(session), size) == 0)
		return 0;
	refuse("the kernel did not take a part of the image");
}

static __always_inline long give_decompressed(struct session *session, u32 size)
{
	struct mem_range_result *result = bpf_decompress(payload(session), size);
	char *image = NULL;
	u32 image_size = 0;
	long failed;

	if (!result)
		refuse("the kernel could not decompress the payload");
	core_read(image, result->buf);
	core_read(image_size, result->data_sz);
	keep_in_register(image_size);
	if (image_size == 0 || image_size > PAYLOAD_MAX) {
		bpf_mem_range_result_put(result);
		refuse("the decompressed kernel is larger than the parser was built for");
	}
	failed = bpf_probe_read_kernel(payload(session), image_size, image);
	bpf_mem_range_result_put(result);
	if (failed)
		refuse("the decompressed kernel cannot be read");
	return give(session, TARGET_KERNEL, image_size, FINAL);
}

static __always_inline long finish(struct session *session)
{
	return 0;
}

#else /* v6, v7 */

struct bpf_parser_context;

extern struct bpf_parser_context *bpf_get_parser_context(unsigned long id) __ksym;
extern void bpf_put_parser_context(struct bpf_parser_context *parser) __ksym;
extern int bpf_buffer_parser(char *buffer, int size, struct bpf_parser_context *parser) __ksym;

#if KEXEC_ABI == 6

/* Later snapshots have sizes of 8 bytes; the low half of a little-endian one is what is read. */
struct kexec_context {
	char *kernel;
	u32 kernel_sz;
} __core;

enum command { COMMAND_DECOMPRESS = 1, COMMAND_COPY = 2 };

struct packet {
	u16 command;
	u16 target;
	u32 size;
} __packed;

#elif KEXEC_ABI == 7

struct kexec_context {
	enum { SIGNATURE_NONE, SIGNATURE_REQUIRED, SIGNATURE_OR_IMA } sig_mode;
	char *parsing_buf[16];
	unsigned long parsing_buf_sz[16];
} __core;

enum command { COMMAND_DONE = 1, COMMAND_DECOMPRESS = 2, COMMAND_COPY = 3, COMMAND_VERIFY_SIG = 4 };

struct packet {
	u16 command;
	u8 target;
	u8 again;
	u32 size;
	u16 chunks;
} __packed;

#else
#error "KEXEC_ABI is 5, 6 or 7"
#endif

#define PARSER(name)                                                                        \
	static __always_inline long name(struct kexec_context *context, struct session *session); \
	SEC("fentry.s/kexec_image_parser_anchor") int parse_##name(u64 *arguments)          \
	{                                                                                   \
		return run(arguments, name);                                                \
	}                                                                                   \
	static __always_inline long name(struct kexec_context *context, struct session *session)

static __always_inline void container(struct kexec_context *context, struct blob *image)
{
	char *address = NULL;
#if KEXEC_ABI == 6
	u32 size = 0;

	core_read(address, context->kernel);
	core_read(size, context->kernel_sz);
#else
	unsigned long size = 0;

	core_read(address, context->parsing_buf[0]);
	core_read(size, context->parsing_buf_sz[0]);
#endif
	image->address = (u64)(unsigned long)address;
	image->size = address ? size : 0;
}

static __always_inline bool open_session(struct session *session, u64 id)
{
	session->parser = bpf_get_parser_context(id);
	return session->parser != NULL;
}

static __always_inline void close_session(struct session *session)
{
	bpf_put_parser_context(session->parser);
}

static __always_inline char *payload(struct session *session)
{
	return session->record + sizeof(struct packet);
}

static __always_inline long send(struct session *session, enum command command, u8 target, u8 again, u32 size)
{
	struct packet *packet = (struct packet *)session->record;

	packet->command = command;
	packet->target = target;
	packet->size = size;
#if KEXEC_ABI >= 7
	packet->again = again;
	packet->chunks = 0;
#endif
	return bpf_buffer_parser(session->record, sizeof(*packet) + size, session->parser) < 0 ? -1 : 0;
}

static __always_inline long give(struct session *session, enum target target, u32 size, u8 again)
{
	if (send(session, COMMAND_COPY, target, again, size))
		refuse("the kernel did not take a part of the image");
	return 0;
}

static __always_inline long give_decompressed(struct session *session, u32 size)
{
	if (send(session, COMMAND_DECOMPRESS, TARGET_KERNEL, FINAL, size))
		refuse("the kernel could not decompress the payload");
	return 0;
}

static __always_inline long finish(struct session *session)
{
#if KEXEC_ABI >= 7
	if (send(session, COMMAND_DONE, 0, FINAL, 0))
		refuse("the kernel did not take the end of the image");
#endif
	return 0;
}

/*
 * In v6 the kernel has verified the image before it runs the parser. Later snapshots of v7 leave the container to the
 * parser and say in sig_mode whether its signature counts.
 */
static __always_inline long authenticate(struct kexec_context *context, struct session *session, const struct blob *image)
{
#if KEXEC_ABI >= 7
	u64 size = image->size;
	u32 mode = 0;

	if (!core_has(context->sig_mode))
		return 0;
	core_read(mode, context->sig_mode);
	if (mode == SIGNATURE_NONE)
		return 0;
	keep_in_register(size);
	if (size > PAYLOAD_MAX)
		refuse("the signed image is larger than the parser was built for");
	if (bpf_probe_read_kernel(payload(session), size, (void *)(unsigned long)image->address))
		refuse("the signed image cannot be read");
	if (send(session, COMMAND_VERIFY_SIG, 0, FINAL, size))
		refuse("the kernel did not accept the image's signature");
#endif
	return 0;
}

#endif /* v6, v7 */

/*
 * Runs a parser with a record and a session, and gives both back whatever it answers. A ring buffer without a reader never
 * gets room back, so one record serves all packets.
 */
static __always_inline int run(u64 *arguments, long (*parse)(struct kexec_context *, struct session *))
{
	struct session session;

	session.record = bpf_ringbuf_reserve(&ringbuf_1, RECORD_SIZE, 0);
	if (!session.record) {
		say("the ring buffer has no room for a record");
		return 0;
	}
#if KEXEC_ABI == 5
	if (open_session(&session, 0)) {
#else
	if (open_session(&session, arguments[1])) {
#endif
		if (parse((struct kexec_context *)(unsigned long)arguments[0], &session) == 0)
			finish(&session);
		close_session(&session);
	}
	bpf_ringbuf_discard(session.record, BPF_RB_NO_WAKEUP);
	return 0;
}

#endif
