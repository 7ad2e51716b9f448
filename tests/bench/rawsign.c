/*
 * How fast a token signs when nothing is in between: THREADS sessions, one login, C_SignInit and C_Sign, for a time or a number.
 * Usage: rawsign MODULE TOKEN LABEL PIN-FILE rsa|ec THREADS SECONDS|COUNTn; prints signatures per second of wall time and per
 * second of processor time. With LIST FOLDER in place of SECONDS: the least that signing files can take, that is, each file of the
 * list is read, hashed (SHA-256), signed, and written to the folder under a temporary name that is replaced when it is whole; the
 * file system is flushed once for 256 of them.
 * CK_FUNCTION_LIST is a version and pointers in the order of pkcs11f.h.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long ul;
enum { INITIALIZE = 0, SLOTS = 4, TOKEN = 6, OPEN = 12, LOGIN = 18, FIND_INIT = 26, FIND = 27, FIND_FINAL = 28, SIGN_INIT = 42, SIGN = 43 };

struct list {
	unsigned char major, minor;
	ul (*call[68])();
};
struct attribute {
	ul type;
	void *value;
	ul length;
};
struct mechanism {
	ul type;
	void *parameter;
	ul length;
};

static struct list *p11;
static ul slot, key, kind;
static double seconds;
static long left;
static int counted;
static char *name[1 << 16], *folder;
static long names, next_name;
static pthread_mutex_t flushing = PTHREAD_MUTEX_INITIALIZER;

static void must(ul value, const char *what)
{
	if (value) {
		fprintf(stderr, "%s returned 0x%lx\n", what, value);
		exit(1);
	}
}

static double clocked(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double now(void)
{
	return clocked(CLOCK_MONOTONIC);
}

static unsigned char *take(const char *path, long *length)
{
	struct stat is;
	int file = open(path, O_RDONLY);
	must(file < 0 || fstat(file, &is), path);
	unsigned char *bytes = malloc(is.st_size + 1024);
	must(read(file, bytes, is.st_size) != is.st_size, path);
	close(file);
	*length = is.st_size;
	return bytes;
}

static void put(long i, const unsigned char *bytes, long length)
{
	char to[4096], temporary[4096];
	snprintf(to, sizeof to, "%s/%ld.ko", folder, i);
	snprintf(temporary, sizeof temporary, "%s/.%ld", folder, i);
	int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0644);
	must(file < 0 || write(file, bytes, length) != length, temporary);
	if (i % 256 == 255 || i == names - 1) {
		pthread_mutex_lock(&flushing);
		must(syncfs(file), "syncfs");
		pthread_mutex_unlock(&flushing);
	}
	close(file);
	must(rename(temporary, to), to);
}

static void *work(void *count)
{
	/* DigestInfo of SHA-256, or the hash alone. */
	unsigned char data[51] = { 0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20 }, signature[1024];
	struct mechanism mechanism = { kind ? 0x1041 : 1, NULL, 0 };
	ul session, length;
	must(p11->call[OPEN](slot, 4ul, NULL, NULL, &session), "C_OpenSession");
	for (long i; names && (i = __atomic_fetch_add(&next_name, 1, __ATOMIC_RELAXED)) < names; ++*(long *)count) {
		long size;
		unsigned char *bytes = take(name[i], &size);
		SHA256(bytes, size, kind ? data : data + 19);
		must(p11->call[SIGN_INIT](session, &mechanism, key), "C_SignInit");
		length = 1024;
		must(p11->call[SIGN](session, data, kind ? 32ul : 51ul, bytes + size, &length), "C_Sign");
		put(i, bytes, size + length);
		free(bytes);
	}
	for (double end = now() + seconds; !names && counted ? __atomic_fetch_sub(&left, 1, __ATOMIC_RELAXED) > 0 : !names && now() < end; ++*(long *)count) {
		must(p11->call[SIGN_INIT](session, &mechanism, key), "C_SignInit");
		length = sizeof signature;
		must(p11->call[SIGN](session, data, kind ? 32ul : 51ul, signature, &length), "C_Sign");
	}
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 8 && argc != 9)
		return 2;
	if (argc == 9) {
		folder = argv[8];
		FILE *list = fopen(argv[7], "r");
		char line[4096];
		must(!list, argv[7]);
		while (names < 1 << 16 && fgets(line, sizeof line, list))
			name[names++] = strndup(line, strcspn(line, "\n"));
	}
	void *library = dlopen(argv[1], RTLD_NOW);
	ul (*get)(struct list **) = library ? dlsym(library, "C_GetFunctionList") : NULL;
	must(!get, "dlopen");
	must(get(&p11), "C_GetFunctionList");
	struct { void *unused[4]; ul flags; void *reserved; } locking = { { 0 }, 2, NULL };
	must(p11->call[INITIALIZE](&locking), "C_Initialize");
	ul slots[64], count = 64, session, found;
	must(p11->call[SLOTS]((unsigned char)1, slots, &count), "C_GetSlotList");
	char info[512], pin[256] = "";
	for (ul i = 0; i < count; i++) {
		must(p11->call[TOKEN](slots[i], info), "C_GetTokenInfo");
		if (!strncmp(info, argv[2], strlen(argv[2])))
			slot = slots[i];
	}
	FILE *file = fopen(argv[4], "r");
	must(!file || !fgets(pin, sizeof pin, file), "PIN file");
	pin[strcspn(pin, "\n")] = 0;
	kind = !strcmp(argv[5], "ec");
	counted = argv[7][strlen(argv[7]) - 1] == 'n';
	left = atol(argv[7]);
	seconds = atof(argv[7]);
	must(p11->call[OPEN](slot, 4ul, NULL, NULL, &session), "C_OpenSession");
	must(p11->call[LOGIN](session, 1ul, pin, strlen(pin)), "C_Login");
	ul class = 3;
	struct attribute wanted[] = { { 0, &class, sizeof class }, { 3, argv[3], strlen(argv[3]) } };
	must(p11->call[FIND_INIT](session, wanted, 2ul), "C_FindObjectsInit");
	must(p11->call[FIND](session, &key, 1ul, &found), "C_FindObjects");
	must(p11->call[FIND_FINAL](session), "C_FindObjectsFinal");
	must(found != 1, "search");

	int threads = atoi(argv[6]);
	pthread_t thread[64];
	long counts[64][16] = { { 0 } }, sum = 0;
	double begun = now(), processor = clocked(CLOCK_PROCESS_CPUTIME_ID);
	for (int i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, work, &counts[i][0]);
	for (int i = 0; i < threads; i++) {
		pthread_join(thread[i], NULL);
		sum += counts[i][0];
	}
	printf("%.1f %.1f\n", sum / (now() - begun), sum / (clocked(CLOCK_PROCESS_CPUTIME_ID) - processor));
	return 0;
}
