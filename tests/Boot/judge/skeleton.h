/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The kernel's end of a light skeleton: runs a parser's loader program, which creates maps and a program and writes their descriptors
 * into the structure below by position; attaches the program; closes everything again.
 */
#ifndef KEXEC_JUDGE_SKELETON_H
#define KEXEC_JUDGE_SKELETON_H

#include <linux/bpf.h>
#include <linux/fdtable.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "object.h"
#include "report.h"

#define SKELETON_MAPS 8
#define SKELETON_IN_KERNEL 1
#define VERIFIER_LOG_SIZE (1 << 20)
/* Statistics, and with them what is wrong, but not every instruction's state: writing that takes longer than all the rest. */
#define VERIFIER_LOG_LEVEL 4

/* bpf(2) for the kernel itself; its prototype is nowhere in the headers. */
int kern_sys_bpf(int command, union bpf_attr *attributes, unsigned int size);

struct skeleton {
	u32 size;
	u32 flags;
	u32 log_level;
	u32 log_size;
	u64 log;
	struct {
		int descriptor;
		u32 max_entries;
		u64 initial_value;
	} maps[SKELETON_MAPS];
	int program;
};

struct armed {
	struct skeleton skeleton;
	int link;
};

static void close_descriptor(int descriptor)
{
	if (descriptor > 0)
		close_fd(descriptor);
}

/* Descriptors are closed; what they stood for goes when the system call ends, and until then the program stays attached. */
static void disarm(struct armed *armed)
{
	int i;

	close_descriptor(armed->link);
	close_descriptor(armed->skeleton.program);
	for (i = 0; i < SKELETON_MAPS; i++)
		close_descriptor(armed->skeleton.maps[i].descriptor);
	memset(armed, 0, sizeof(*armed));
}

/* The loader's data goes into a map that the loader works in. */
static int loader_map(const struct bytes *data)
{
	union bpf_attr attributes = {};
	int map, result;
	u32 key = 0;

	if (!data->size)
		return -EINVAL;
	attributes.map_type = BPF_MAP_TYPE_ARRAY;
	attributes.key_size = sizeof(key);
	attributes.value_size = data->size;
	attributes.max_entries = 1;
	strscpy(attributes.map_name, "__loader.map");
	map = kern_sys_bpf(BPF_MAP_CREATE, &attributes, sizeof(attributes));
	if (map < 0)
		return map;
	memset(&attributes, 0, sizeof(attributes));
	attributes.map_fd = map;
	attributes.key = (unsigned long)&key;
	attributes.value = (unsigned long)data->at;
	result = kern_sys_bpf(BPF_MAP_UPDATE_ELEM, &attributes, sizeof(attributes));
	if (result < 0) {
		close_descriptor(map);
		return result;
	}
	return map;
}

static int loader_program(const struct bytes *instructions, int *map)
{
	union bpf_attr attributes = {};

	attributes.prog_type = BPF_PROG_TYPE_SYSCALL;
	attributes.insns = (unsigned long)instructions->at;
	attributes.insn_cnt = instructions->size / sizeof(struct bpf_insn);
	attributes.license = (unsigned long)"Dual BSD/GPL";
	attributes.prog_flags = BPF_F_SLEEPABLE;
	attributes.fd_array = (unsigned long)map;
	strscpy(attributes.prog_name, "__loader.prog");
	return kern_sys_bpf(BPF_PROG_LOAD, &attributes, sizeof(attributes));
}

static int run_loader(struct skeleton *skeleton, const struct bytes *data, const struct bytes *instructions)
{
	union bpf_attr attributes = {};
	int map = loader_map(data), program, result;

	if (map < 0)
		return map;
	program = loader_program(instructions, &map);
	if (program < 0) {
		close_descriptor(map);
		return program;
	}
	attributes.test.prog_fd = program;
	attributes.test.ctx_in = (unsigned long)skeleton;
	attributes.test.ctx_size_in = skeleton->size;
	result = kern_sys_bpf(BPF_PROG_RUN, &attributes, sizeof(attributes));
	if (!result)
		result = (int)attributes.test.retval;
	close_descriptor(program);
	close_descriptor(map);
	return result;
}

/*
 * The verifier's last words, its statistics left out. It writes to the memory of whoever calls, even when that is the kernel, so the log
 * lies in that of the process.
 */
static void say_log(unsigned long log)
{
	char *text = vzalloc(VERIFIER_LOG_SIZE + 1), *end, *line;

	if (text && !copy_from_user(text, (void __user *)log, VERIFIER_LOG_SIZE) && text[0]) {
		end = strstr(text, "verification time ");
		if (end)
			*end = 0;
		strim(text);
		line = strrchr(text, '\n');
		say("verifier: %s", line ? line + 1 : text);
	}
	vfree(text);
}

static int attach(struct armed *armed)
{
	union bpf_attr attributes = {};

	/* Without a name the program's own target is meant. */
	attributes.raw_tracepoint.prog_fd = armed->skeleton.program;
	armed->link = kern_sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attributes, sizeof(attributes));
	return armed->link < 0 ? armed->link : 0;
}

static int load_and_attach(struct armed *armed, const struct bytes *data, const struct bytes *instructions)
{
	int result = run_loader(&armed->skeleton, data, instructions), i;

	if (result)
		return result;
	for (i = 0; i < SKELETON_MAPS; i++)
		if (armed->skeleton.maps[i].descriptor <= 0)
			return -EINVAL;
	return armed->skeleton.program <= 0 ? -EINVAL : attach(armed);
}

/* Loads and attaches a parser. */
static int arm(struct armed *armed, const struct bytes *object, const char *name)
{
	struct bytes data, instructions;
	unsigned long log;
	int result;

	memset(armed, 0, sizeof(*armed));
	if (symbol(object, "opts_data", &data) || symbol(object, "opts_insn", &instructions)) {
		say("cannot load %s: no opts_data and opts_insn", name);
		return -EINVAL;
	}
	log = vm_mmap(NULL, 0, VERIFIER_LOG_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(log))
		return (int)log;
	armed->skeleton.size = offsetofend(struct skeleton, program);
	armed->skeleton.flags = SKELETON_IN_KERNEL;
	armed->skeleton.log_level = VERIFIER_LOG_LEVEL;
	armed->skeleton.log_size = VERIFIER_LOG_SIZE;
	armed->skeleton.log = log;
	result = load_and_attach(armed, &data, &instructions);
	if (result) {
		say("cannot load %s: %s (%d)", name, errno_name(result), result);
		say_log(log);
		disarm(armed);
	} else {
		say("loaded %s", name);
	}
	vm_munmap(log, VERIFIER_LOG_SIZE);
	return result;
}

#endif
