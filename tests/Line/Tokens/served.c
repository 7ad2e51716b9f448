/*
 * A PKCS#11 module like those that hand hashes on to a signing server: each key is a token of its own, whose label is the key's name cut
 * to 31 bytes, all with one serial number. SERVED_KEYS names the folder of the keys (NAME.der, unencrypted), SERVED their names, with
 * commas between. The server is told the hash's name, which the module guesses: by the length of what is to be signed with ECDSA, by the
 * DigestInfo of RSA. It knows SHA-256, and SHA-512 unless SERVED_SHORT is set. Where SERVED_OPEN is set somebody else has unlocked the
 * keys: the token says that it asks for its PIN itself, and takes none. Private keys do not show their numbers, an EC point is
 * wrapped in an OCTET STRING once too often, and CKA_PUBLIC_KEY_INFO is right. The arithmetic is libcrypto's, found at run time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include "token.h"

enum { KEYS = 8 };
enum { GENERAL = 5, ARGUMENTS = 7, NOT_STARTED = 0x91 };
enum { EC_PARAMS = 0x180, EC_POINT = 0x181, INFO = 0x129 };

static void *(*d2i)(void **, const byte_t **, long), *(*ctx_new)(void *, void *);
static int (*i2d_public)(void *, byte_t **), (*id_of)(void *), (*sign_init)(void *), (*sign_it)(void *, byte_t *, size_t *, const byte_t *, size_t);
static void (*ctx_free)(void *);
static struct { char name[256]; void *pair; byte_t public[1024]; long length; int ec; } keys[KEYS];
static int many;
static struct { int slot, signing, found; } sessions[256];

static ulong_t initialize(void *arguments)
{
	char path[4096], names[2048];
	void *crypto = dlopen("libcrypto.so.3", RTLD_NOW);
	(void)arguments;
	if (!crypto || !getenv("SERVED") || !getenv("SERVED_KEYS"))
		return GENERAL;
	d2i = dlsym(crypto, "d2i_AutoPrivateKey");
	ctx_new = dlsym(crypto, "EVP_PKEY_CTX_new");
	ctx_free = dlsym(crypto, "EVP_PKEY_CTX_free");
	i2d_public = dlsym(crypto, "i2d_PUBKEY");
	id_of = dlsym(crypto, "EVP_PKEY_get_base_id");
	sign_init = dlsym(crypto, "EVP_PKEY_sign_init");
	sign_it = dlsym(crypto, "EVP_PKEY_sign");
	snprintf(names, sizeof names, "%s", getenv("SERVED"));
	many = 0;
	for (char *name = strtok(names, ","); name && many < KEYS; name = strtok(NULL, ","), many++) {
		static byte_t der[8192];
		const byte_t *next = der;
		byte_t *out = keys[many].public;
		snprintf(path, sizeof path, "%s/%s.der", getenv("SERVED_KEYS"), name);
		FILE *file = fopen(path, "rb");
		long length = file ? (long)fread(der, 1, sizeof der, file) : 0;
		if (!file || fclose(file) || !(keys[many].pair = d2i(NULL, &next, length)))
			return GENERAL;
		snprintf(keys[many].name, sizeof keys[many].name, "%s", name);
		keys[many].length = i2d_public(keys[many].pair, &out);
		keys[many].ec = id_of(keys[many].pair) == 408;
	}
	return OK;
}

static ulong_t get_info(struct info *info)
{
	memset(info, 0, sizeof *info);
	info->major = 2;
	info->minor = 40;
	pad(info->maker, 32, "tests", 32);
	pad(info->description, 32, "served keys", 32);
	return OK;
}

static ulong_t slots(byte_t present, ulong_t *list, ulong_t *count)
{
	(void)present;
	for (int i = 0; list && i < many; i++)
		list[i] = i;
	*count = many;
	return OK;
}

static ulong_t slot_info(ulong_t slot, struct slot_info *info)
{
	memset(info, 0, sizeof *info);
	pad(info->description, 64, keys[slot].name, 64);
	pad(info->maker, 32, "tests", 32);
	info->flags = 1;
	return OK;
}

static ulong_t token_info(ulong_t slot, struct token_info *info)
{
	memset(info, 0, sizeof *info);
	pad(info->label, 32, keys[slot].name, 31);
	pad(info->maker, 32, "tests", 32);
	pad(info->model, 16, "served", 16);
	pad(info->serial, 16, "0", 16);
	info->flags = 0x4 | 0x8 | 0x400 | (getenv("SERVED_OPEN") ? 0x100 : 0); /* login required, PIN set, initialised, and a keypad */
	info->counts[4] = 128;
	info->counts[5] = 64;
	return OK;
}

static int named(ulong_t slot, ulong_t *list)
{
	int full = !getenv("SERVED_SHORT"), ec = keys[slot].ec;
	list[0] = ec ? 0x1041 : 0x1;
	list[1] = ec ? 0x1044 : 0x40;
	list[2] = ec ? 0x1046 : 0x42;
	return full ? 3 : 2;
}

static ulong_t mechanisms(ulong_t slot, ulong_t *list, ulong_t *count)
{
	ulong_t all[3];
	*count = named(slot, all);
	if (list)
		memcpy(list, all, *count * sizeof *all);
	return OK;
}

static ulong_t mechanism_info(ulong_t slot, ulong_t mechanism, ulong_t *info)
{
	ulong_t all[3];
	for (int i = named(slot, all); i-- > 0;) {
		if (all[i] == mechanism) {
			info[0] = 256;
			info[1] = 4096;
			info[2] = 0x800;
			return OK;
		}
	}
	return MECHANISM;
}

static ulong_t open_session(ulong_t slot, ulong_t flags, void *a, void *b, ulong_t *session)
{
	static int next;
	(void)flags, (void)a, (void)b;
	*session = 1 + next++ % 255;
	sessions[*session].slot = slot;
	sessions[*session].signing = 0;
	return OK;
}

static ulong_t login(ulong_t session, ulong_t user, const char *pin, ulong_t length)
{
	(void)session, (void)user;
	if (getenv("SERVED_OPEN"))
		return pin ? PIN : OK;
	return length == 4 && !memcmp(pin, "1234", 4) ? OK : PIN;
}

static long numbered(ulong_t number, byte_t *bytes)
{
	memcpy(bytes, &number, sizeof number);
	return sizeof number;
}

/* The one object of a token is its private key. Of an EC key's SubjectPublicKeyInfo the curve begins behind 1.2.840.10045.2.1. */
static long value_of(int slot, ulong_t type, byte_t *bytes)
{
	byte_t *public = keys[slot].public;
	int head = public[1] < 0x80 ? 2 : public[1] == 0x81 ? 3 : 4, curve = head + 2 + 9;
	long point = keys[slot].length - (curve + 2 + public[curve + 1]);
	switch (type) {
	case CLASS:
		return numbered(3, bytes);
	case KEY_TYPE:
		return numbered(keys[slot].ec ? 3 : 0, bytes);
	case ID:
		bytes[0] = 1;
		return 1;
	case LABEL:
		return strlen(strcpy((char *)bytes, keys[slot].name));
	case INFO:
		memcpy(bytes, public, keys[slot].length);
		return keys[slot].length;
	case EC_PARAMS:
		if (!keys[slot].ec)
			return -1;
		memcpy(bytes, public + curve, 2 + public[curve + 1]);
		return 2 + public[curve + 1];
	case EC_POINT:
		if (!keys[slot].ec || point > 120)
			return -1;
		/* BIT STRING, its length, no unused bits: what follows is the point. */
		point -= 3;
		bytes[0] = bytes[2] = 4;
		bytes[1] = point + 2;
		bytes[3] = point;
		memcpy(bytes + 4, public + keys[slot].length - point, point);
		return point + 4;
	default:
		return -1;
	}
}

static ulong_t get_attribute(ulong_t session, ulong_t object, struct attribute *attribute, ulong_t count)
{
	byte_t bytes[2048];
	long length = value_of(sessions[session].slot, attribute->type, bytes);
	(void)object, (void)count;
	if (length < 0) {
		attribute->length = ~0ul;
		return TYPE_INVALID;
	}
	return give(attribute, bytes, length);
}

static ulong_t find_init(ulong_t session, struct attribute *template, ulong_t count)
{
	byte_t bytes[2048];
	sessions[session].found = 1;
	for (ulong_t i = 0; i < count; i++) {
		long length = value_of(sessions[session].slot, template[i].type, bytes);
		if (length < 0 || (ulong_t)length != template[i].length || memcmp(bytes, template[i].value, length))
			sessions[session].found = 0;
	}
	return OK;
}

static ulong_t find(ulong_t session, ulong_t *handles, ulong_t room, ulong_t *count)
{
	(void)room;
	*handles = 1;
	*count = sessions[session].found;
	sessions[session].found = 0;
	return OK;
}

static ulong_t start(ulong_t session, struct mechanism *mechanism, ulong_t object)
{
	(void)object;
	if (mechanism->type != (keys[sessions[session].slot].ec ? 0x1041 : 0x1))
		return MECHANISM;
	sessions[session].signing = 1;
	return OK;
}

/* SEQUENCE of two INTEGERs to two numbers of a length. */
static void raw(const byte_t *der, byte_t *out, int number)
{
	der += der[1] < 0x80 ? 2 : 3;
	for (int i = 0; i < 2; i++) {
		int length = der[1], spare = length > number ? length - number : 0;
		memset(out, 0, number);
		memcpy(out + number - (length - spare), der + 2 + spare, length - spare);
		der += 2 + length;
		out += number;
	}
}

static ulong_t sign(ulong_t session, byte_t *data, ulong_t length, byte_t *signature, ulong_t *room)
{
	int slot = sessions[session].slot, ec = keys[slot].ec, full = !getenv("SERVED_SHORT");
	byte_t made[1024];
	size_t size = sizeof made;
	if (!sessions[session].signing)
		return NOT_STARTED;
	sessions[session].signing = 0;
	if (ec && length != 32 && !(full && length == 64))
		return ARGUMENTS;
	if (!ec && (length < 20 || (data[14] != 1 && !(full && data[14] == 3))))
		return GENERAL;
	void *context = ctx_new(keys[slot].pair, NULL);
	int right = sign_init(context) == 1 && sign_it(context, made, &size, data, length) == 1;
	ctx_free(context);
	if (!right)
		return GENERAL;
	int number = keys[slot].length < 100 ? 32 : keys[slot].length < 140 ? 48 : 66;
	if (*room < (ec ? 2ul * number : size))
		return SMALL;
	if (ec)
		raw(made, signature, number);
	else
		memcpy(signature, made, size);
	*room = ec ? 2ul * number : size;
	return OK;
}

unsigned long C_GetFunctionList(struct list **list)
{
	static struct list ours = { .major = 2, .minor = 40 };
	FILL(ours);
	*list = &ours;
	return OK;
}
