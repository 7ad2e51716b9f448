/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What happened, in order, as lines of text that /proc/kexec_judge gives back; in the words of 'kexecsign simulate'. */
#ifndef KEXEC_JUDGE_REPORT_H
#define KEXEC_JUDGE_REPORT_H

#include <linux/kernel.h>
#include <linux/stdarg.h>
#include <linux/string.h>

#define REPORT_SIZE (64 << 10)

static char report_text[REPORT_SIZE];
static size_t report_length;

static __printf(1, 2) void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_length += vscnprintf(report_text + report_length, REPORT_SIZE - report_length, format, arguments);
	va_end(arguments);
	report_length += scnprintf(report_text + report_length, REPORT_SIZE - report_length, "\n");
}

/* The few numbers that the loaders answer with. */
static const char *errno_name(int result)
{
	switch (-result) {
	case EPERM: return "EPERM";
	case ENOEXEC: return "ENOEXEC";
	case ENOMEM: return "ENOMEM";
	case EACCES: return "EACCES";
	case EFAULT: return "EFAULT";
	case EINVAL: return "EINVAL";
	default: return "E?";
	}
}

#endif
