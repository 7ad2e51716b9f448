// Runs the kernel's own checks of appended signatures in user space: s390_verify_sig() and ima_read_modsig() with mod_check_sig().
// Their sources are taken from a kernel tree when the test runs. What is below them, PKCS#7 and the keyrings, is asked of OpenSSL.
// usage: harness s390|powerpc FOLDER FILE... with SECONDARY and PLATFORM naming certificates; prints one return value a line.
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <linux/module_signature.h>
#include "module_signature.c"

#define IS_ENABLED(option) 1
#define GFP_KERNEL 0
#define HASH_ALGO__LAST 0
#define IS_ERR(pointer) ((intptr_t)(pointer) < 0 && (intptr_t)(pointer) > -4096)
#define PTR_ERR(pointer) ((int)(intptr_t)(pointer))
#define ERR_PTR(error) ((void *)(intptr_t)(error))
#define struct_size(pointer, member, count) (sizeof(*(pointer)) + (count))
#define kzalloc(size, flags) calloc(1, size)
#define kfree(pointer) free(pointer)
#define VERIFY_USE_SECONDARY_KEYRING "SECONDARY"
#define VERIFY_USE_PLATFORM_KEYRING "PLATFORM"
#define VERIFYING_MODULE_SIGNATURE 0
typedef long long loff_type;
#define loff_t loff_type
enum ima_hooks { KEXEC_KERNEL_CHECK };
static const char *func_tokens[] = { "KEXEC_KERNEL_CHECK" };
struct pkcs7_message { int unused; };
struct modsig { struct pkcs7_message *pkcs7_msg; int hash_algo; int raw_pkcs7_len; unsigned char raw_pkcs7[]; };
static int ipl_secure_flag = 1;
static const char *folder;

static void put(const char *name, const void *bytes, size_t length, char *path)
{
	sprintf(path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	if (!file || fwrite(bytes, 1, length, file) != length || fclose(file))
		exit(99);
}

// 0, EBADMSG where it cannot be parsed, ENOKEY where the keyring lacks the signer, EKEYREJECTED where the signature is wrong.
static int ask(const void *data, size_t length, const void *pkcs7, size_t pkcs7_length, const char *keyring)
{
	char content[512], signature[512], command[4096];
	put("content", data, length, content);
	put("signature", pkcs7, pkcs7_length, signature);
	if (!getenv(keyring))
		return -ENOKEY;
	sprintf(command, "openssl cms -verify -inform DER -in '%s' -content '%s' -binary -nointern -certfile '%s' -noverify -out /dev/null 2> '%s/error'",
		signature, content, getenv(keyring), folder);
	int exit_code = WEXITSTATUS(system(command));
	if (exit_code == 0)
		return 0;
	if (exit_code != 4)
		return -EBADMSG;
	sprintf(command, "grep -q 'signer certificate not found' '%s/error'", folder);
	return system(command) == 0 ? -ENOKEY : -EKEYREJECTED;
}

static int verify_pkcs7_signature(const void *data, size_t length, const void *pkcs7, size_t pkcs7_length,
				  const char *keyring, int usage, void *view, void *context)
{
	return ask(data, length, pkcs7, pkcs7_length, keyring);
}

static const char *whole;
static int holds;

static struct pkcs7_message *pkcs7_parse_message(const void *pkcs7, size_t length)
{
	static struct pkcs7_message message;
	holds = ask(whole, (const char *)pkcs7 - whole, pkcs7, length, "SECONDARY");
	if (holds == -EBADMSG)
		return ERR_PTR(-EBADMSG);
	if (holds)
		holds = ask(whole, (const char *)pkcs7 - whole, pkcs7, length, "PLATFORM");
	return &message;
}

#include "s390_verify_sig.inc"
#include "ima_read_modsig.inc"

static int appraise(const char *kernel, size_t length)
{
	struct modsig *modsig = NULL;
	whole = kernel;
	int error = ima_read_modsig(KEXEC_KERNEL_CHECK, kernel, length, &modsig);
	return error ? error : holds;
}

int main(int count, char **arguments)
{
	bool s390 = strcmp(arguments[1], "s390") == 0;
	folder = arguments[2];
	for (int i = 3; i < count; i++) {
		FILE *file = fopen(arguments[i], "r");
		static char kernel[1 << 20];
		size_t length = fread(kernel, 1, sizeof(kernel), file);
		fclose(file);
		printf("%d\n", s390 ? s390_verify_sig(kernel, length) : appraise(kernel, length));
		fflush(stdout);
	}
	return 0;
}
