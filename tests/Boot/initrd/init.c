/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /init of the boot tests' initrd: prints
 *
 *     KexecSign: booted <uname release> SecureBoot=<0|1>
 *
 * and powers off. No libc and no module is needed, so that it runs on any arm64 kernel:
 *
 *     aarch64-linux-gnu-gcc -static -nostdlib -ffreestanding -fno-stack-protector -Os -Wall -Werror \
 *         -Wl,--build-id=none -s -o init init.c
 */

typedef unsigned long ulong;

/* Numbers of asm-generic/unistd.h, which arm64 uses. */
enum {
	SYS_MKDIRAT = 34, SYS_MOUNT = 40, SYS_OPENAT = 56, SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93, SYS_SYSLOG = 116,
	SYS_REBOOT = 142, SYS_UNAME = 160,
};

static long call(long number, ulong a, ulong b, ulong c, ulong d, ulong e)
{
	register long x8 __asm__("x8") = number;
	register ulong x0 __asm__("x0") = a;
	register ulong x1 __asm__("x1") = b;
	register ulong x2 __asm__("x2") = c;
	register ulong x3 __asm__("x3") = d;
	register ulong x4 __asm__("x4") = e;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return (long)x0;
}

static ulong length(const char *text)
{
	ulong n = 0;

	while (text[n])
		n++;
	return n;
}

static void print(const char *text)
{
	call(SYS_WRITE, 1, (ulong)text, length(text), 0, 0);
}

static int contains(const char *text, long size, const char *wanted)
{
	long count = (long)length(wanted);

	for (long i = 0; i + count <= size; i++) {
		long same = 0;

		while (same < count && text[i + same] == wanted[same])
			same++;
		if (same == count)
			return 1;
	}
	return 0;
}

/* The firmware's own word, where efivarfs is built in: four bytes of attributes, then the value. Otherwise -1. */
static int secure_boot_of_firmware(void)
{
	unsigned char value[5];
	long file;

	call(SYS_MKDIRAT, (ulong)-100, (ulong)"/efivars", 0755, 0, 0);
	call(SYS_MOUNT, (ulong)"efivarfs", (ulong)"/efivars", (ulong)"efivarfs", 0, 0);
	file = call(SYS_OPENAT, (ulong)-100, (ulong)"/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", 0, 0, 0);
	if (file < 0 || call(SYS_READ, (ulong)file, (ulong)value, sizeof(value), 0, 0) != sizeof(value))
		return -1;
	return value[4] == 1;
}

/* Debian builds efivarfs as a module but has its kernel say what the firmware told the EFI stub. */
static int secure_boot_of_log(void)
{
	static char log[1 << 20];
	long size = call(SYS_SYSLOG, 3 /* SYSLOG_ACTION_READ_ALL */, (ulong)log, sizeof(log), 0, 0);

	return contains(log, size, "secureboot: Secure boot enabled");
}

static const char *release(void)
{
	static struct {
		char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
	} names;

	return call(SYS_UNAME, (ulong)&names, 0, 0, 0, 0) < 0 ? "?" : names.release;
}

void _start(void)
{
	int secure = secure_boot_of_firmware();

	if (secure < 0)
		secure = secure_boot_of_log();
	print("\nKexecSign: booted ");
	print(release());
	print(secure ? " SecureBoot=1\n" : " SecureBoot=0\n");
	call(SYS_REBOOT, 0xfee1dead, 672274793, 0x4321fedc /* power off */, 0, 0);
	call(SYS_EXIT, 1, 0, 0, 0, 0);
	__builtin_unreachable();
}
