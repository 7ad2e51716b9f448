/*
 * A PKCS#11 3.2 token with room for one ML-DSA key pair and its certificate, which are files in the folder that MLDSA_TOKEN
 * names; its PIN is 1234. The arithmetic is libcrypto's (3.5 or newer), found at run time. It is strict where tokens in
 * software often are not: a template without CKA_PARAMETER_SET, another mechanism, a parameter or a call without login fails.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include "token.h"

enum { PRIVATE = 1, PUBLIC = 2, CERTIFICATE = 3 };
enum { FAILED = 6, READ_ONLY = 0x10, SENSITIVE = 0x11, PARAMETER = 0x71, INCOMPLETE = 0xD0, LOGGED_OUT = 0x101 };
enum { VALUE = 0x11, PARAMETER_SET = 0x61D };

static void *(*keygen)(void *, const char *, const char *, ...), *(*d2i)(void **, const byte_t **, long), *(*ctx_new)(void);
static int (*i2d)(void *, byte_t **), (*raw_public)(void *, byte_t *, size_t *);
static int (*sign_init)(void *, void **, const char *, void *, const char *, void *, const void *), (*digest_sign)(void *, byte_t *, size_t *, const byte_t *, size_t);
static void (*ctx_free)(void *);
static int logged_in, signing, found[4], left, at;

static long stored(const char *name, byte_t *bytes, long room)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", getenv("MLDSA_TOKEN"), name);
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	long length = fread(bytes, 1, room, file);
	fclose(file);
	return length;
}

static int store(const char *name, const void *bytes, long length)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", getenv("MLDSA_TOKEN"), name);
	FILE *file = fopen(path, "wb");
	if (!file)
		return 0;
	long written = fwrite(bytes, 1, length, file);
	return !fclose(file) && written == length;
}

static void *key(void)
{
	static byte_t der[8192];
	const byte_t *next = der;
	long length = stored("key", der, sizeof der);
	return length < 0 ? NULL : d2i(NULL, &next, length);
}

static ulong_t initialize(void *arguments)
{
	(void)arguments;
	void *crypto = dlopen("libcrypto.so.3", RTLD_NOW);
	if (!crypto)
		return FAILED;
	keygen = dlsym(crypto, "EVP_PKEY_Q_keygen");
	d2i = dlsym(crypto, "d2i_AutoPrivateKey");
	i2d = dlsym(crypto, "i2d_PrivateKey");
	raw_public = dlsym(crypto, "EVP_PKEY_get_raw_public_key");
	ctx_new = dlsym(crypto, "EVP_MD_CTX_new");
	ctx_free = dlsym(crypto, "EVP_MD_CTX_free");
	sign_init = dlsym(crypto, "EVP_DigestSignInit_ex");
	digest_sign = dlsym(crypto, "EVP_DigestSign");
	return OK;
}

static ulong_t get_info(struct info *info)
{
	memset(info, 0, sizeof *info);
	info->major = 3;
	info->minor = 2;
	pad(info->maker, 32, "tests", 32);
	pad(info->description, 32, "ML-DSA", 32);
	return OK;
}

static ulong_t slots(byte_t present, ulong_t *list, ulong_t *count)
{
	(void)present;
	if (list)
		*list = 7;
	*count = 1;
	return OK;
}

static ulong_t slot_info(ulong_t slot, struct slot_info *info)
{
	(void)slot;
	memset(info, 0, sizeof *info);
	pad(info->description, 64, "slot", 64);
	pad(info->maker, 32, "tests", 32);
	info->flags = 1;
	return OK;
}

static ulong_t token_info(ulong_t slot, struct token_info *info)
{
	(void)slot;
	memset(info, 0, sizeof *info);
	pad(info->label, 32, "pq", 32);
	pad(info->maker, 32, "tests", 32);
	pad(info->model, 16, "file", 16);
	pad(info->serial, 16, "1", 16);
	info->flags = 0x4 | 0x8 | 0x400; /* login required, PIN set, initialised */
	info->counts[4] = 16;
	info->counts[5] = 4;
	return OK;
}

static ulong_t mechanisms(ulong_t slot, ulong_t *list, ulong_t *count)
{
	(void)slot;
	if (list) {
		list[0] = 0x1C;
		list[1] = 0x1D;
	}
	*count = 2;
	return OK;
}

static ulong_t mechanism_info(ulong_t slot, ulong_t mechanism, ulong_t *info)
{
	(void)slot;
	if (mechanism != 0x1C && mechanism != 0x1D)
		return MECHANISM;
	info[0] = 1312;
	info[1] = 2592;
	info[2] = mechanism == 0x1D ? 0x800 | 0x2000 : 0x10000;
	return OK;
}

static ulong_t open_session(ulong_t slot, ulong_t flags, void *a, void *b, ulong_t *session)
{
	(void)slot, (void)flags, (void)a, (void)b;
	*session = 1;
	return OK;
}

static ulong_t login(ulong_t session, ulong_t user, const char *pin, ulong_t length)
{
	(void)session, (void)user;
	if (length != 4 || memcmp(pin, "1234", 4))
		return PIN;
	logged_in = 1;
	return OK;
}

static ulong_t value_of(int object, ulong_t type, byte_t *bytes, long *length)
{
	ulong_t class = object == PRIVATE ? 3 : object == PUBLIC ? 2 : 1, number = class;
	if (type == KEY_TYPE && object != CERTIFICATE)
		number = 0x4A;
	else if (type == PARAMETER_SET && object != CERTIFICATE)
		stored("set", (byte_t *)&number, sizeof number);
	else if (type == LABEL)
		return (*length = stored("label", bytes, 8192)), OK;
	else if (type == ID)
		return (*length = stored("id", bytes, 8192)), OK;
	else if (type == VALUE && object == PRIVATE)
		return SENSITIVE;
	else if (type == VALUE && object == PUBLIC)
		return (*length = stored("public", bytes, 8192)), OK;
	else if (type == VALUE)
		return (*length = stored("certificate", bytes, 16384)), OK;
	else if (type != CLASS)
		return TYPE_INVALID;
	memcpy(bytes, &number, *length = sizeof number);
	return OK;
}

static ulong_t get_attribute(ulong_t session, ulong_t object, struct attribute *attribute, ulong_t count)
{
	static byte_t bytes[16384];
	long length = 0;
	ulong_t answer = count == 1 ? value_of(object, attribute->type, bytes, &length) : FAILED;
	(void)session;
	if (answer) {
		attribute->length = ~0ul;
		return answer;
	}
	return give(attribute, bytes, length);
}

static int matches(int object, struct attribute *template, ulong_t count)
{
	static byte_t bytes[16384];
	for (ulong_t i = 0; i < count; i++) {
		long length = 0;
		if (value_of(object, template[i].type, bytes, &length) || (ulong_t)length != template[i].length || memcmp(bytes, template[i].value, length))
			return 0;
	}
	return 1;
}

static ulong_t find_init(ulong_t session, struct attribute *template, ulong_t count)
{
	static byte_t bytes[16384];
	(void)session;
	left = at = 0;
	for (int object = PRIVATE; object <= CERTIFICATE; object++) {
		if (stored(object == CERTIFICATE ? "certificate" : "key", bytes, sizeof bytes) >= 0 && (logged_in || object != PRIVATE) && matches(object, template, count))
			found[left++] = object;
	}
	return OK;
}

static ulong_t find(ulong_t session, ulong_t *handles, ulong_t room, ulong_t *count)
{
	(void)session;
	for (*count = 0; *count < room && at < left; ++*count)
		handles[*count] = found[at++];
	return OK;
}

static struct attribute *given(struct attribute *template, ulong_t count, ulong_t type)
{
	for (ulong_t i = 0; i < count; i++) {
		if (template[i].type == type)
			return &template[i];
	}
	return NULL;
}

static ulong_t generate(ulong_t session, struct mechanism *mechanism, struct attribute *public, ulong_t n, struct attribute *private, ulong_t m, ulong_t *a, ulong_t *b)
{
	static const char *names[] = { "", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87" };
	struct attribute *set = given(public, n, PARAMETER_SET), *label = given(private, m, LABEL), *id = given(private, m, ID);
	byte_t raw[4096], *der = NULL;
	size_t length = sizeof raw;
	(void)session;
	if (!logged_in)
		return LOGGED_OUT;
	if (mechanism->type != 0x1C)
		return MECHANISM;
	if (mechanism->parameter || mechanism->length)
		return PARAMETER;
	if (!set || set->length != sizeof(ulong_t) || *(ulong_t *)set->value < 1 || *(ulong_t *)set->value > 3 || !label || !id)
		return INCOMPLETE;
	void *made = keygen(NULL, NULL, names[*(ulong_t *)set->value]);
	int size = made ? i2d(made, &der) : 0;
	if (size <= 0 || raw_public(made, raw, &length) != 1 || !store("key", der, size) || !store("public", raw, length)
		|| !store("set", set->value, set->length) || !store("label", label->value, label->length) || !store("id", id->value, id->length))
		return FAILED;
	*a = PUBLIC;
	*b = PRIVATE;
	return OK;
}

static ulong_t create(ulong_t session, struct attribute *template, ulong_t count, ulong_t *object)
{
	struct attribute *value = given(template, count, VALUE);
	(void)session;
	*object = CERTIFICATE;
	return value && store("certificate", value->value, value->length) ? OK : INCOMPLETE;
}

static ulong_t start(ulong_t session, struct mechanism *mechanism, ulong_t object)
{
	(void)session;
	if (!logged_in)
		return LOGGED_OUT;
	if (mechanism->type != 0x1D || object != PRIVATE)
		return MECHANISM;
	if (mechanism->parameter || mechanism->length)
		return PARAMETER;
	signing = 1;
	return OK;
}

static ulong_t sign(ulong_t session, byte_t *data, ulong_t length, byte_t *signature, ulong_t *room)
{
	void *context = ctx_new(), *private = key();
	size_t size = *room;
	(void)session;
	if (!signing)
		return 0x91;
	signing = 0;
	int done = private && sign_init(context, NULL, NULL, NULL, NULL, private, NULL) == 1 && digest_sign(context, signature, &size, data, length) == 1;
	ctx_free(context);
	*room = size;
	return done ? OK : FAILED;
}

unsigned long C_GetFunctionList(struct list **list)
{
	static struct list ours = { .major = 2, .minor = 40 };
	FILL(ours);
	ours.call[20] = create;
	ours.call[59] = generate;
	*list = &ours;
	return OK;
}
