/*
 * A PKCS#11 module that hands every call to the one that FAULTY_MODULE names and lies in the LIAR_AT-th call of all, in the way
 * that fits the call and LIAR_HOW. A mark in the file LIAR_MARK says that it got so far. CK_FUNCTION_LIST is a version and 68
 * pointers (pkcs11f.h gives their order).
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long word;
typedef word (*call)(word, word, word, word, word, word, word, word);

enum { SIGN_INIT = 42, GET_SLOTS = 4, GET_TOKEN = 6, GET_MECHANISMS = 7, GET_MECHANISM = 8, OPEN_SESSION = 12, GET_ATTRIBUTES = 24, FIND_INIT = 26, FIND = 27, FIND_FINAL = 28, SIGN = 43, COUNT = 68 };

struct list {
	unsigned char major, minor;
	call call[COUNT];
};

typedef word (*get_list)(struct list **);

static struct list *real, ours;
static int calls, signatures;
static unsigned char last[8192];
static word last_length;

static int how(const char *name)
{
	const char *value = getenv("LIAR_HOW");
	return value && !strcmp(value, name);
}

static word wrong_length(word length)
{
	return how("long") ? length + 64 + 1000 : how("huge") ? 0x7fffffff : how("negative") ? (word)-2 : length;
}

static void lie_about_signature(unsigned char *signature, word *length)
{
	if (how("flip"))
		signature[*length / 2] ^= 1;
	else if (how("zero"))
		memset(signature, 0, *length);
	else if (how("last") && last_length == *length)
		memcpy(signature, last, last_length);
	else if (how("short"))
		*length -= 1;
	else if (how("empty"))
		*length = 0;
	else
		*length = wrong_length(*length);
}

/* Another private key of the token; all of its RSA keys take the mechanism of one. */
static word another_key(word session, word key)
{
	word private_key = 3, rsa = 0, handles[16], count = 0;
	struct { word type; void *value; word length; } wanted[] = { { 0, &private_key, sizeof(word) }, { 0x100, &rsa, sizeof(word) } };
	real->call[FIND_INIT](session, (word)wanted, 2, 0, 0, 0, 0, 0);
	real->call[FIND](session, (word)handles, 16, (word)&count, 0, 0, 0, 0);
	real->call[FIND_FINAL](session, 0, 0, 0, 0, 0, 0, 0);
	while (count-- > 0)
		if (handles[count] != key)
			return handles[count];
	return key;
}

static word hook(int which, word a, word b, word c, word d, word e, word f, word g, word h)
{
	const char *at = getenv("LIAR_AT"), *kind = getenv("LIAR_CALL");
	int number = 0;
	word answer;

	if (!kind || atoi(kind) == which)
		number = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
	int lies = at && number == atoi(at);

	if (lies && getenv("LIAR_MARK"))
		close(creat(getenv("LIAR_MARK"), 0600));
	if (lies && how("error"))
		return 5; /* CKR_GENERAL_ERROR */
	if (lies && which == SIGN_INIT && how("other"))
		c = another_key(a, c);
	answer = real->call[which](a, b, c, d, e, f, g, h);
	if (answer)
		return answer;
	if (lies) {
		if (which == SIGN && d)
			lie_about_signature((unsigned char *)d, (word *)e);
		else if (which == GET_SLOTS)
			*(word *)c = wrong_length(*(word *)c);
		else if (which == GET_MECHANISMS)
			*(word *)c = wrong_length(*(word *)c);
		else if (which == FIND)
			*(word *)d = wrong_length(*(word *)d);
		else if (which == GET_ATTRIBUTES)
			((word *)c)[2] = wrong_length(((word *)c)[2]);
		else if (which == GET_TOKEN && how("zero"))
			memset((void *)b, 0, 96);
		else if (which == GET_MECHANISM && how("zero"))
			memset((void *)c, 0, 24);
		else if (which == OPEN_SESSION && how("zero"))
			*(word *)e = 0;
	}
	if (which == SIGN && d) {
		last_length = *(word *)e < sizeof(last) ? *(word *)e : 0;
		memcpy(last, (void *)d, last_length);
	}
	return 0;
}

#define EACH(X) X(0) X(1) X(2) X(4) X(5) X(6) X(7) X(8) X(12) X(13) X(18) X(19) X(24) X(26) X(27) X(28) X(42) X(43)
#define CALL(n) static word call##n(word a, word b, word c, word d, word e, word f, word g, word h) { return hook(n, a, b, c, d, e, f, g, h); }
#define PUT(n) ours.call[n] = call##n;
EACH(CALL)

word C_GetFunctionList(struct list **list)
{
	void *library = dlopen(getenv("FAULTY_MODULE"), RTLD_NOW | RTLD_LOCAL);
	if (!library || ((get_list)dlsym(library, "C_GetFunctionList"))(&real))
		return 5;
	ours = *real;
	EACH(PUT)
	*list = &ours;
	return 0;
}
