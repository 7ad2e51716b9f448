/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the series v6 and v7 of the kexec BPF patches have in common, as a module: the hook, the kfuncs and a place for each result.
 * No text of theirs is in here; both sides of an interface must agree on names, numbers and layouts, and those are all that was taken.
 * What includes this has defined struct kexec_context before, and defines handle_packet() and load() behind it.
 *
 *     echo PARSER|IMAGE > /proc/kexec_judge    loads as kexec_file_load() would: kernel_fd, and initrd_fd where one is given
 *     cat /proc/kexec_judge                    what happened, then what came of it
 *     cat /proc/kexec_judge_kernel             the kernel that came of it
 */
#ifndef KEXEC_JUDGE_H
#define KEXEC_JUDGE_H

#include <crypto/sha2.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "object.h"
#include "report.h"
#include "skeleton.h"
#include "unpack.h"

enum result { RESULT_KERNEL = 1, RESULT_INITRD = 2, RESULT_CMDLINE = 3 };

static const char *const result_names[] = { "nothing", "kernel", "initrd", "cmdline" };

/* What a parser presents with its packets. */
struct bpf_parser_context {
	int users;
};

/* One load at a time. */
static DEFINE_MUTEX(judge_lock);
static struct kexec_context *context;
static struct bpf_parser_context *parser_context;
static struct task_struct *judge_task;

/* By series. A packet was copied; the answer goes back to the parser. */
static int handle_packet(const struct bytes *packet);
static int load(const struct bytes *kernel, const struct bytes *initrd);
static char **result_at(enum result which, size_t *size);
static void set_result(enum result which, char *at, size_t size);

static int refuse(int answer, size_t size)
{
	say("answers %s (%d) to a packet of 0x%zx bytes", errno_name(answer), -answer, size);
	return answer;
}

/* Keeps a result, which the kernel frees; what was there before goes. */
static void store(enum result which, char *at, size_t size)
{
	size_t before;
	char **old = result_at(which, &before);

	vfree(*old);
	set_result(which, at, size);
	say("takes %s, 0x%zx bytes", result_names[which], size);
}

static char *duplicate(const char *from, size_t size, size_t room)
{
	char *copy = vzalloc(room);

	if (copy)
		memcpy(copy, from, size);
	return copy;
}

__bpf_kfunc_start_defs();

/*
 * The hook that parsers attach to. A noinline function that does nothing would be cloned for its one caller, and the clone has no
 * place to attach to: noipa keeps the compiler from looking inside.
 */
__attribute__((noipa)) int kexec_image_parser_anchor(struct kexec_context *context, unsigned long parser_id)
{
	return 0;
}

__bpf_kfunc struct bpf_parser_context *bpf_get_parser_context(unsigned long id)
{
	if (!id || id != (unsigned long)parser_context)
		return NULL;
	parser_context->users++;
	return parser_context;
}

__bpf_kfunc void bpf_put_parser_context(struct bpf_parser_context *ctx)
{
	ctx->users--;
}

__bpf_kfunc int bpf_buffer_parser(char *buf, int buf_sz, struct bpf_parser_context *ctx)
{
	struct bytes packet = { .size = buf_sz };
	char *copy;
	int answer;

	if (buf_sz <= 0)
		return refuse(-EINVAL, 0);
	copy = vmalloc(buf_sz);
	if (!copy)
		return refuse(-ENOMEM, buf_sz);
	/* The verifier has held one byte against the buffer's size, and nobody the rest. */
	if (copy_from_kernel_nofault(copy, buf, buf_sz)) {
		vfree(copy);
		return refuse(-EFAULT, buf_sz);
	}
	packet.at = copy;
	answer = handle_packet(&packet);
	vfree(copy);
	return answer;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(judge_functions)
BTF_ID_FLAGS(func, bpf_get_parser_context, KF_ACQUIRE | KF_RET_NULL)
BTF_ID_FLAGS(func, bpf_put_parser_context, KF_RELEASE)
BTF_ID_FLAGS(func, bpf_buffer_parser, KF_SLEEPABLE)
BTF_KFUNCS_END(judge_functions)

BTF_KFUNCS_START(judge_hooks)
BTF_ID_FLAGS(func, kexec_image_parser_anchor, KF_SLEEPABLE)
BTF_KFUNCS_END(judge_hooks)

static const struct btf_kfunc_id_set judge_function_set = { .owner = THIS_MODULE, .set = &judge_functions };
static const struct btf_kfunc_id_set judge_hook_set = { .owner = THIS_MODULE, .set = &judge_hooks };

/* Has whatever is attached parse. */
static int call_hook(void)
{
	struct bpf_parser_context ours = {};
	int result;

	parser_context = &ours;
	kexec_image_parser_anchor(context, (unsigned long)&ours);
	result = ours.users;
	parser_context = NULL;
	if (result)
		say("the parser context was not given back");
	return result ? -EINVAL : 0;
}

/* What parsers print comes here, too. */
static void on_print(void *data, const char *text)
{
	if (current == judge_task)
		say("prints '%s'", text);
}

static struct tracepoint *print_tracepoint;

static void find_print(struct tracepoint *tracepoint, void *data)
{
	if (!strcmp(tracepoint->name, "bpf_trace_printk"))
		print_tracepoint = tracepoint;
}

static char *kernel_found;
static size_t kernel_found_size;

static void say_results(int result)
{
	int which;

	for (which = RESULT_KERNEL; !result && which <= RESULT_CMDLINE; which++) {
		u8 digest[SHA256_DIGEST_SIZE];
		size_t size;
		char *at = *result_at(which, &size);

		if (!at)
			continue;
		sha256(at, size, digest);
		say("result %s %zu %*phN", result_names[which], size, SHA256_DIGEST_SIZE, digest);
	}
	say("returns %s", result ? errno_name(result) : "0");
}

/* Past the hooks for kernel files: what they would say is no matter here. */
static int read_whole(const char *path, struct bytes *into)
{
	struct file *file = filp_open(path, O_RDONLY, 0);
	loff_t at = 0, size;
	ssize_t got = 0;
	char *bytes;

	if (IS_ERR(file))
		return PTR_ERR(file);
	size = i_size_read(file_inode(file));
	bytes = vmalloc(size + 1);
	while (bytes && at < size && (got = kernel_read(file, bytes + at, size - at, &at)) > 0)
		;
	filp_close(file, NULL);
	into->at = bytes;
	into->size = size;
	return !bytes ? -ENOMEM : at == size ? 0 : got < 0 ? (int)got : -EIO;
}

/* The files are the caller's; results are freed when the next ones come. */
static void judge(const struct bytes *kernel, const struct bytes *initrd)
{
	struct bytes found = {};
	int which, result;

	report_length = 0;
	judge_task = current;
	result = load(kernel, initrd);
	judge_task = NULL;
	say_results(result);
	vfree(kernel_found);
	found.at = *result_at(RESULT_KERNEL, &found.size);
	kernel_found = (char *)found.at;
	kernel_found_size = found.size;
	for (which = RESULT_INITRD; which <= RESULT_CMDLINE; which++)
		vfree(*result_at(which, &found.size));
}

static ssize_t judge_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	struct bytes kernel = {}, initrd = {};
	char *line = memdup_user_nul(from, size), *second;
	int result;

	if (IS_ERR(line))
		return PTR_ERR(line);
	strim(line);
	second = strchr(line, '|');
	if (second)
		*second++ = 0;
	mutex_lock(&judge_lock);
	result = read_whole(line, &kernel);
	if (!result && second)
		result = read_whole(second, &initrd);
	if (!result)
		judge(&kernel, second ? &initrd : NULL);
	mutex_unlock(&judge_lock);
	vfree(kernel.at);
	vfree(initrd.at);
	kfree(line);
	return result ? result : size;
}

static ssize_t judge_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	return simple_read_from_buffer(to, size, at, report_text, report_length);
}

static ssize_t kernel_found_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	return simple_read_from_buffer(to, size, at, kernel_found, kernel_found_size);
}

static const struct proc_ops judge_file = { .proc_read = judge_read, .proc_write = judge_write, .proc_lseek = default_llseek };
static const struct proc_ops kernel_file = { .proc_read = kernel_found_read, .proc_lseek = default_llseek };

static void judge_exit(void)
{
	remove_proc_entry("kexec_judge_kernel", NULL);
	remove_proc_entry("kexec_judge", NULL);
	tracepoint_probe_unregister(print_tracepoint, on_print, NULL);
	tracepoint_synchronize_unregister();
	vfree(kernel_found);
}
module_exit(judge_exit);

static int judge_init(void)
{
	int result = register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &judge_function_set);

	if (!result)
		result = register_btf_fmodret_id_set(&judge_hook_set);
	if (result)
		return result;
	for_each_kernel_tracepoint(find_print, NULL);
	if (!print_tracepoint)
		return -ENOENT;
	result = tracepoint_probe_register(print_tracepoint, on_print, NULL);
	if (result)
		return result;
	if (!proc_create("kexec_judge", 0600, NULL, &judge_file) || !proc_create("kexec_judge_kernel", 0400, NULL, &kernel_file)) {
		judge_exit();
		return -ENOMEM;
	}
	return 0;
}
module_init(judge_init);

MODULE_DESCRIPTION("Runs kexec BPF parsers as a kernel of the series would, and tells what they did");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("BPF_INTERNAL");

#endif
