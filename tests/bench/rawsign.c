/*
 * How fast a token signs when nothing is in between: THREADS sessions, one login, C_SignInit and C_Sign for SECONDS.
 * Usage: rawsign MODULE TOKEN LABEL PIN-FILE rsa|ec THREADS SECONDS; prints signatures per second.
 * CK_FUNCTION_LIST is a version and pointers in the order of pkcs11f.h.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static void must(ul value, const char *what)
{
	if (value) {
		fprintf(stderr, "%s returned 0x%lx\n", what, value);
		exit(1);
	}
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void *work(void *count)
{
	/* DigestInfo of SHA-256, or the hash alone. */
	unsigned char data[51] = { 0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20 }, signature[1024];
	struct mechanism mechanism = { kind ? 0x1041 : 1, NULL, 0 };
	ul session, length;
	must(p11->call[OPEN](slot, 4ul, NULL, NULL, &session), "C_OpenSession");
	for (double end = now() + seconds; now() < end; ++*(long *)count) {
		must(p11->call[SIGN_INIT](session, &mechanism, key), "C_SignInit");
		length = sizeof signature;
		must(p11->call[SIGN](session, data, kind ? 32ul : 51ul, signature, &length), "C_Sign");
	}
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 8)
		return 2;
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
	double begun = now();
	for (int i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, work, &counts[i][0]);
	for (int i = 0; i < threads; i++) {
		pthread_join(thread[i], NULL);
		sum += counts[i][0];
	}
	printf("%.1f\n", sum / (now() - begun));
	return 0;
}
