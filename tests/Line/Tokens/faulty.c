/*
 * A PKCS#11 module that hands every call to the one that FAULTY_MODULE names and fails as FAULTY says. CK_FUNCTION_LIST is
 * a version and 68 pointers (pkcs11f.h gives their order), which is all that is used of it here.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INITIALIZE = 0, LOGIN = 18, SIGN = 43, COUNT = 68 };

struct list {
	unsigned char major, minor;
	void *call[COUNT];
};

typedef unsigned long (*get_list)(struct list **);
typedef unsigned long (*sign_call)(unsigned long, void *, unsigned long, void *, unsigned long *);

static struct list *real, ours;
static int signatures; /* that were made */

static int told(const char *fault)
{
	const char *value = getenv("FAULTY");
	return value && !strcmp(value, fault);
}

__attribute__((constructor)) static void load(void)
{
	if (told("crash-on-load"))
		abort();
	if (told("fault-on-load"))
		*(volatile int *)8 = 1;
}

static unsigned long fault(void)
{
	*(volatile int *)8 = 1;
	return 0;
}

static unsigned long quit(void)
{
	__builtin_trap();
}

static unsigned long hang(void)
{
	if (getenv("FAULTY_MARK"))
		creat(getenv("FAULTY_MARK"), 0600);
	for (;;)
		pause();
}

static unsigned long locked(void)
{
	return 0xA4; /* CKR_PIN_LOCKED */
}

static unsigned long device_error(void)
{
	return 0x30; /* CKR_DEVICE_ERROR */
}

static unsigned long sign(unsigned long session, void *data, unsigned long length, void *signature, unsigned long *room)
{
	unsigned long answer;

	if (__atomic_load_n(&signatures, __ATOMIC_SEQ_CST) >= 2 && getenv("FAULTY_SERVER"))
		kill(-atoi(getenv("FAULTY_SERVER")), SIGKILL); /* its group: p11-kit has a process for each client */
	answer = ((sign_call)real->call[SIGN])(session, data, length, signature, room);
	if (!answer && signature)
		__atomic_add_fetch(&signatures, 1, __ATOMIC_SEQ_CST);
	return answer;
}

unsigned long C_GetFunctionList(struct list **list)
{
	void *library = dlopen(getenv("FAULTY_MODULE"), RTLD_NOW | RTLD_LOCAL);
	if (!library || ((get_list)dlsym(library, "C_GetFunctionList"))(&real))
		return 5;
	ours = *real;
	if (told("hang-at-start"))
		ours.call[INITIALIZE] = hang;
	if (told("fault-at-start"))
		ours.call[INITIALIZE] = fault;
	if (told("trap-at-start"))
		ours.call[INITIALIZE] = quit;
	if (told("hang-at-login"))
		ours.call[LOGIN] = hang;
	if (told("hang-at-signature"))
		ours.call[SIGN] = hang;
	if (told("pin-locked"))
		ours.call[LOGIN] = locked;
	if (told("device-error"))
		ours.call[SIGN] = device_error;
	if (told("server-dies"))
		ours.call[SIGN] = sign;
	*list = &ours;
	return 0;
}
