/*
 * What the modules with tokens of their own (mldsa.c, served.c) have alike: the structures of PKCS#11 2.40 on 64-bit Linux, texts padded
 * with spaces, an attribute's answer, and the table of the calls that each of them makes itself. pkcs11f.h gives the calls' order.
 */
#include <string.h>

typedef unsigned long ulong_t;
typedef unsigned char byte_t;

enum { COUNT = 68 };
enum { OK = 0, TYPE_INVALID = 0x12, MECHANISM = 0x70, PIN = 0xA0, SMALL = 0x150 };
enum { CLASS = 0, LABEL = 3, KEY_TYPE = 0x100, ID = 0x102 };

struct list { byte_t major, minor; void *call[COUNT]; };
struct attribute { ulong_t type; void *value; ulong_t length; };
struct mechanism { ulong_t type; void *parameter; ulong_t length; };
struct token_info { byte_t label[32], maker[32], model[16], serial[16]; ulong_t flags, counts[10]; byte_t versions[4], time[16]; };
struct slot_info { byte_t description[64], maker[32]; ulong_t flags; byte_t versions[4]; };
struct info { byte_t major, minor, maker[32]; ulong_t flags; byte_t description[32], version[2]; };

static ulong_t done(void) { return OK; }

static ulong_t unsupported(void) { return 0x54; }

/* A text of which at most so many bytes are taken. */
static void pad(byte_t *field, int room, const char *text, int most)
{
	int length = strlen(text);
	memset(field, ' ', room);
	memcpy(field, text, length < most ? length : most);
}

static ulong_t give(struct attribute *attribute, const byte_t *bytes, ulong_t length)
{
	if (attribute->value && attribute->length < length)
		return SMALL;
	if (attribute->value)
		memcpy(attribute->value, bytes, length);
	attribute->length = length;
	return OK;
}

/* To be said behind the functions it names. */
#define FILL(ours) do { \
	for (int i = 0; i < COUNT; i++) \
		(ours).call[i] = unsupported; \
	(ours).call[0] = initialize; \
	(ours).call[1] = done; \
	(ours).call[2] = get_info; \
	(ours).call[4] = slots; \
	(ours).call[5] = slot_info; \
	(ours).call[6] = token_info; \
	(ours).call[7] = mechanisms; \
	(ours).call[8] = mechanism_info; \
	(ours).call[12] = open_session; \
	(ours).call[13] = done; \
	(ours).call[18] = login; \
	(ours).call[19] = done; \
	(ours).call[24] = get_attribute; \
	(ours).call[26] = find_init; \
	(ours).call[27] = find; \
	(ours).call[28] = done; \
	(ours).call[42] = start; \
	(ours).call[43] = sign; \
} while (0)
