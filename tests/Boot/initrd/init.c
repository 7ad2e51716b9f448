/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /init of the boot tests' initrd: does what /steps says, when there is such a file, prints
 *
 *     KexecSign: booted <uname release> SecureBoot=<0|1>
 *
 * and powers off. No libc and no module is needed, so that it runs on any arm64, riscv64 or x86-64 kernel:
 *
 *     aarch64-linux-gnu-gcc -static -nostdlib -ffreestanding -fno-stack-protector -Os -Wall -Werror \
 *         -Wl,--build-id=none -s -o init init.c
 *
 * A step is a line of words; the first is its name, and for each one line is printed, with an error number or 0:
 *
 *     KexecSign: step <name> = <errno>
 *
 *     <name> kexec <file>                 kexec_file_load() without initrd, unloaded at once when it succeeds
 *     <name> start <file> <initrd>        the same with an initrd, then reboot() into it; the line comes before
 *     <name> module <file>                finit_module(), then delete_module()
 *     <name> key <keyring> <file>         adds a DER certificate to a keyring of the kernel
 *     <name> xattr <file> <attr> <value>  gives a file an extended attribute; the value is a file's content
 *     <name> policy <rule>                adds a rule to IMA's policy
 *     <name> evm <number>                 sets flags of EVM (Documentation/ABI/testing/evm)
 *     <name> variable <name-guid> <file>  has firmware set a UEFI variable to a file's content, a signed update
 *     <name> append <name-guid> <file>    the same, added to what the variable holds
 *     <name> insert <file>                finit_module()
 *     <name> remove <module>              delete_module(), again until nobody uses it
 *     <name> judge <parser> [<image>]     has the module in ../judge load a kernel; what it reports is printed before, each line as
 *                                         KexecSign: judge <name> <line>
 *     <name> copy <from> <to>             copies a file
 */

typedef unsigned long ulong;

#ifdef __x86_64__
enum {
	SYS_READ = 0, SYS_WRITE = 1, SYS_CLOSE = 3, SYS_IOCTL = 16, SYS_NANOSLEEP = 35, SYS_EXIT = 60, SYS_UNAME = 63, SYS_SYSLOG = 103,
	SYS_MOUNT = 165, SYS_REBOOT = 169, SYS_DELETE_MODULE = 176, SYS_LSETXATTR = 189, SYS_ADD_KEY = 248, SYS_OPENAT = 257, SYS_MKDIRAT = 258,
	SYS_FINIT_MODULE = 313, SYS_KEXEC_FILE_LOAD = 320,
};
#else
/* Numbers of asm-generic/unistd.h, which both architectures use. */
enum {
	SYS_LSETXATTR = 6, SYS_IOCTL = 29, SYS_MKDIRAT = 34, SYS_MOUNT = 40, SYS_OPENAT = 56, SYS_CLOSE = 57, SYS_READ = 63, SYS_WRITE = 64,
	SYS_EXIT = 93, SYS_NANOSLEEP = 101, SYS_DELETE_MODULE = 106, SYS_SYSLOG = 116, SYS_REBOOT = 142, SYS_UNAME = 160, SYS_ADD_KEY = 217,
	SYS_FINIT_MODULE = 273, SYS_KEXEC_FILE_LOAD = 294,
};
#endif

enum { ENOENT = 2, EAGAIN = 11, EINVAL = 22 };

static long call6(long number, ulong a, ulong b, ulong c, ulong d, ulong e, ulong f)
{
#ifdef __riscv
	register long a7 __asm__("a7") = number;
	register ulong a0 __asm__("a0") = a;
	register ulong a1 __asm__("a1") = b;
	register ulong a2 __asm__("a2") = c;
	register ulong a3 __asm__("a3") = d;
	register ulong a4 __asm__("a4") = e;
	register ulong a5 __asm__("a5") = f;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
	return (long)a0;
#elif defined(__x86_64__)
	register ulong r10 __asm__("r10") = d;
	register ulong r8 __asm__("r8") = e;
	register ulong r9 __asm__("r9") = f;

	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return number;
#else
	register long x8 __asm__("x8") = number;
	register ulong x0 __asm__("x0") = a;
	register ulong x1 __asm__("x1") = b;
	register ulong x2 __asm__("x2") = c;
	register ulong x3 __asm__("x3") = d;
	register ulong x4 __asm__("x4") = e;
	register ulong x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return (long)x0;
#endif
}

static long call(long number, ulong a, ulong b, ulong c, ulong d, ulong e)
{
	return call6(number, a, b, c, d, e, 0);
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

/* Adds to a text of 256 bytes at most, which stays without a zero. */
static void add(char *text, ulong *used, const char *more)
{
	while (*more && *used < 255)
		text[(*used)++] = *more++;
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

static int equal(const char *one, const char *other)
{
	while (*one && *one == *other)
		one++, other++;
	return *one == *other;
}

static long open_file(const char *path, int flags)
{
	return call(SYS_OPENAT, (ulong)-100, (ulong)path, (ulong)flags, 0, 0);
}

/* A whole file of less than the given size; a zero goes behind it. */
static long read_file(const char *path, char *into, ulong size)
{
	long file = open_file(path, 0), got, all = 0;

	if (file < 0)
		return file;
	while ((ulong)all + 1 < size && (got = call(SYS_READ, (ulong)file, (ulong)into + (ulong)all, size - 1 - (ulong)all, 0, 0)) > 0)
		all += got;
	into[all] = 0;
	call(SYS_CLOSE, (ulong)file, 0, 0, 0, 0);
	return all;
}

/* The next word, ended by a zero; NULL at the end. */
static char *word(char **line)
{
	char *at = *line, *start;

	while (*at == ' ')
		at++;
	if (!*at)
		return 0;
	start = at;
	while (*at && *at != ' ')
		at++;
	if (*at)
		*at++ = 0;
	*line = at;
	return start;
}

#ifndef __aarch64__
static const char *command_line = "console=ttyS0 panic=-1";
#else
static const char *command_line = "console=ttyAMA0 panic=-1";
#endif

static long load(const char *path, const char *initrd)
{
	const ulong no_initrd = 4;
	long kernel = open_file(path, 0), second = initrd ? open_file(initrd, 0) : -1, result;

	if (kernel < 0 || (initrd && second < 0))
		return -ENOENT;
	result = call(SYS_KEXEC_FILE_LOAD, (ulong)kernel, (ulong)second, length(command_line) + 1, (ulong)command_line, initrd ? 0 : no_initrd);
	call(SYS_CLOSE, (ulong)kernel, 0, 0, 0, 0);
	return result;
}

static long try_kexec(const char *path)
{
	const ulong unload = 1;
	long result = load(path, 0);

	if (result == 0)
		call(SYS_KEXEC_FILE_LOAD, (ulong)-1, (ulong)-1, 0, 0, unload);
	return result;
}

static long insert_module(const char *path)
{
	long module = open_file(path, 0), result;

	if (module < 0)
		return module;
	result = call(SYS_FINIT_MODULE, (ulong)module, (ulong)"", 0, 0, 0);
	call(SYS_CLOSE, (ulong)module, 0, 0, 0, 0);
	return result;
}

static long try_module(const char *path)
{
	static char name[64];
	const char *file = path;
	long result = insert_module(path);
	ulong i;

	if (result)
		return result;
	/* The kernel names it after its contents; the tests call the file NAME.anything. */
	for (i = 0; path[i]; i++)
		if (path[i] == '/')
			file = path + i + 1;
	for (i = 0; i + 1 < sizeof(name) && file[i] && file[i] != '.'; i++)
		name[i] = file[i];
	name[i] = 0;
	return call(SYS_DELETE_MODULE, (ulong)name, 0, 0, 0, 0);
}

/* The number of a keyring of the kernel: the first word of its line in /proc/keys, in hexadecimal. */
static long keyring(const char *name)
{
	static char keys[1 << 16];
	char *line = keys;

	if (read_file("/proc/keys", keys, sizeof(keys)) < 0)
		return -ENOENT;
	while (*line) {
		char *end = line, *description;
		ulong number = 0;

		while (*end && *end != '\n')
			end++;
		/* 1b9c0a0b I------     1 perm 1f0f0000     0     0 keyring   .ima: empty */
		for (description = line; description < end && *description != '.'; description++)
			;
		if (contains(line, end - line, " keyring ") && contains(description, (long)length(name), name) && description[length(name)] == ':') {
			for (; *line != ' '; line++)
				number = number * 16 + (ulong)(*line <= '9' ? *line - '0' : *line - 'a' + 10);
			return (long)number;
		}
		line = *end ? end + 1 : end;
	}
	return -ENOENT;
}

static long add_key(const char *ring, const char *path)
{
	static char certificate[1 << 16];
	long size = read_file(path, certificate, sizeof(certificate)), number = keyring(ring), key;

	if (size < 0 || number < 0)
		return -ENOENT;
	key = call(SYS_ADD_KEY, (ulong)"asymmetric", 0, (ulong)certificate, (ulong)size, (ulong)number);
	return key < 0 ? key : 0;
}

static long set_attribute(const char *path, const char *name, const char *from)
{
	static char value[1 << 16];
	long size = read_file(from, value, sizeof(value));

	return size < 0 ? size : call(SYS_LSETXATTR, (ulong)path, (ulong)name, (ulong)value, (ulong)size, 0);
}

static long set_evm(const char *flags)
{
	long evm = open_file("/sys/kernel/security/evm", 1 /* O_WRONLY */), written;

	if (evm < 0)
		return evm;
	written = call(SYS_WRITE, (ulong)evm, (ulong)flags, length(flags), 0, 0);
	call(SYS_CLOSE, (ulong)evm, 0, 0, 0, 0);
	return written < 0 ? written : 0;
}

static long add_policy(char *rule)
{
	ulong size = length(rule);
	long policy = open_file("/sys/kernel/security/ima/policy", 1 /* O_WRONLY */), written, closed;

	if (policy < 0)
		return policy;
	rule[size] = '\n';
	written = call(SYS_WRITE, (ulong)policy, (ulong)rule, size + 1, 0, 0);
	rule[size] = 0;
	closed = call(SYS_CLOSE, (ulong)policy, 0, 0, 0, 0);
	return written < 0 ? written : closed;
}

/* efivarfs wants attributes and value in one write; a variable that is there may not be changed until its flag says so. */
static long set_variable(const char *name, const char *from, unsigned int attributes)
{
	static char value[1 << 16], path[256];
	const int create = 0101 /* O_WRONLY | O_CREAT */;
	long size = read_file(from, value + 4, sizeof(value) - 4), file, written;
	ulong used = 0, none = 0;

	if (size < 0)
		return size;
	for (int i = 0; i < 4; i++)
		value[i] = (char)(attributes >> 8 * i);
	add(path, &used, "/efivars/");
	add(path, &used, name);
	path[used] = 0;
	file = open_file(path, 0);
	if (file >= 0) {
		call(SYS_IOCTL, (ulong)file, 0x40086602 /* FS_IOC_SETFLAGS */, (ulong)&none, 0, 0);
		call(SYS_CLOSE, (ulong)file, 0, 0, 0, 0);
	}
	file = open_file(path, create);
	if (file < 0)
		return file;
	written = call(SYS_WRITE, (ulong)file, (ulong)value, (ulong)size + 4, 0, 0);
	call(SYS_CLOSE, (ulong)file, 0, 0, 0, 0);
	return written < 0 ? written : 0;
}

/* In one piece and down to the line before the kernel says more, so that the two do not mix. */
static void report(const char *name, long result)
{
	static char line[256];
	char digits[24], *at = digits + sizeof(digits) - 1;
	ulong used = 0;
	long number = -result;

	*at = 0;
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	add(line, &used, "\nKexecSign: step ");
	add(line, &used, name);
	add(line, &used, " = ");
	add(line, &used, at);
	add(line, &used, "\n");
	call(SYS_WRITE, 1, (ulong)line, used, 0, 0);
	call(SYS_IOCTL, 1, 0x5409 /* TCSBRK */, 1, 0, 0);
}

/* Programs that were attached to the module let go of it a little after they are closed. */
static long remove_module(const char *name)
{
	const struct { long seconds, nanoseconds; } moment = { 0, 20000000 };
	long result = -EAGAIN;

	for (int i = 0; i < 500 && result == -EAGAIN; i++) {
		result = call(SYS_DELETE_MODULE, (ulong)name, 04000 /* O_NONBLOCK */, 0, 0, 0);
		if (result == -EAGAIN)
			call(SYS_NANOSLEEP, (ulong)&moment, 0, 0, 0, 0);
	}
	return result;
}

/* One line at a time, as report() does. */
static void print_lines(const char *name, char *text)
{
	while (*text) {
		static char line[512];
		char *end = text;
		ulong used = 0;

		while (*end && *end != '\n')
			end++;
		if (*end)
			*end++ = 0;
		add(line, &used, "\nKexecSign: judge ");
		add(line, &used, name);
		add(line, &used, " ");
		add(line, &used, text);
		add(line, &used, "\n");
		call(SYS_WRITE, 1, (ulong)line, used, 0, 0);
		text = end;
	}
	call(SYS_IOCTL, 1, 0x5409 /* TCSBRK */, 1, 0, 0);
}

static long judge(const char *name, const char *parser, const char *image)
{
	static char said[1 << 16], request[256];
	long file = open_file("/proc/kexec_judge", 1 /* O_WRONLY */), result;
	ulong used = 0;

	if (file < 0)
		return file;
	add(request, &used, parser);
	if (image) {
		add(request, &used, "|");
		add(request, &used, image);
	}
	result = call(SYS_WRITE, (ulong)file, (ulong)request, used, 0, 0);
	call(SYS_CLOSE, (ulong)file, 0, 0, 0, 0);
	if (result >= 0 && read_file("/proc/kexec_judge", said, sizeof(said)) >= 0)
		print_lines(name, said);
	return result < 0 ? result : 0;
}

static long copy_file(const char *from, const char *to)
{
	static char chunk[1 << 16];
	long source = open_file(from, 0), target = call(SYS_OPENAT, (ulong)-100, (ulong)to, 01101 /* O_WRONLY | O_CREAT | O_TRUNC */, 0644, 0), got;

	if (source < 0 || target < 0)
		return source < 0 ? source : target;
	while ((got = call(SYS_READ, (ulong)source, (ulong)chunk, sizeof(chunk), 0, 0)) > 0)
		if (call(SYS_WRITE, (ulong)target, (ulong)chunk, (ulong)got, 0, 0) != got)
			return -EINVAL;
	call(SYS_CLOSE, (ulong)source, 0, 0, 0, 0);
	call(SYS_CLOSE, (ulong)target, 0, 0, 0, 0);
	return got;
}

static void step(char *line)
{
	char *name = word(&line), *verb = word(&line), *file, *second, *third;

	if (!name || !verb)
		return;
	if (equal(verb, "policy")) {
		report(name, add_policy(line));
		return;
	}
	file = word(&line), second = word(&line), third = word(&line);
	if (file && equal(verb, "kexec"))
		report(name, try_kexec(file));
	else if (file && equal(verb, "module"))
		report(name, try_module(file));
	else if (second && equal(verb, "key"))
		report(name, add_key(file, second));
	else if (file && equal(verb, "evm"))
		report(name, set_evm(file));
	else if (third && equal(verb, "xattr"))
		report(name, set_attribute(file, second, third));
	else if (second && equal(verb, "variable"))
		report(name, set_variable(file, second, 0x27 /* kept, at boot and run time, signed with a time */));
	else if (second && equal(verb, "append"))
		report(name, set_variable(file, second, 0x67));
	else if (file && equal(verb, "insert"))
		report(name, insert_module(file));
	else if (file && equal(verb, "remove"))
		report(name, remove_module(file));
	else if (file && equal(verb, "judge"))
		report(name, judge(name, file, second));
	else if (second && equal(verb, "copy"))
		report(name, copy_file(file, second));
	else if (second && equal(verb, "start")) {
		long result = load(file, second);

		report(name, result);
		if (!result)
			call(SYS_REBOOT, 0xfee1dead, 672274793, 0x45584543 /* kexec */, 0, 0);
	} else
		report(name, -EINVAL);
}

static void steps(void)
{
	static char script[1 << 16];
	char *line = script;

	if (read_file("/steps", script, sizeof(script)) < 0)
		return;
	call(SYS_MKDIRAT, (ulong)-100, (ulong)"/proc", 0755, 0, 0);
	call(SYS_MOUNT, (ulong)"proc", (ulong)"/proc", (ulong)"proc", 0, 0);
	call(SYS_MKDIRAT, (ulong)-100, (ulong)"/sys", 0755, 0, 0);
	call(SYS_MOUNT, (ulong)"sysfs", (ulong)"/sys", (ulong)"sysfs", 0, 0);
	call(SYS_MOUNT, (ulong)"securityfs", (ulong)"/sys/kernel/security", (ulong)"securityfs", 0, 0);
	while (*line) {
		char *end = line;

		while (*end && *end != '\n')
			end++;
		if (!*end) {
			step(line);
			return;
		}
		*end = 0;
		step(line);
		line = end + 1;
	}
}

/* The firmware's own word, where efivarfs is built in: four bytes of attributes, then the value. Otherwise -1. */
static int secure_boot_of_firmware(void)
{
	unsigned char value[5];
	long file;

	call(SYS_MKDIRAT, (ulong)-100, (ulong)"/efivars", 0755, 0, 0);
	call(SYS_MOUNT, (ulong)"efivarfs", (ulong)"/efivars", (ulong)"efivarfs", 0, 0);
	file = open_file("/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", 0);
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

#ifdef __x86_64__
__attribute__((force_align_arg_pointer))
#endif
void _start(void)
{
	int secure = secure_boot_of_firmware();

	if (secure < 0)
		secure = secure_boot_of_log();
	steps();
	print("\nKexecSign: booted ");
	print(release());
	print(secure ? " SecureBoot=1\n" : " SecureBoot=0\n");
	/* A machine that is off sends no more of what waits for its UART: Linux 7.3 lost this line behind a kexec. */
	call(SYS_IOCTL, 1, 0x5409 /* TCSBRK */, 1, 0, 0);
	call(SYS_REBOOT, 0xfee1dead, 672274793, 0x4321fedc /* power off */, 0, 0);
	call(SYS_EXIT, 1, 0, 0, 0, 0);
	__builtin_unreachable();
}
