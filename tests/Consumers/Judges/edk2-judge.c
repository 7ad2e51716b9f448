/*
 * edk2-judge
 *
 * Asks OpenSSL what EDK2 asks it about an Authenticode signature (CryptoPkg/Library/BaseCryptLib/Pk: AuthenticodeVerify() and Pkcs7Verify()):
 * a store that holds one certificate, partial chains, no time, any purpose, the content without its outermost header as data. Each question
 * on standard input is three fields with their little-endian length in front: PKCS#7, trusted certificate, image digest. The answer is a line:
 * "accepts", or "refuses" with what OpenSSL says.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

static const unsigned char indirect_data[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x04 };

static int chain_error;

static int remember(int ok, X509_STORE_CTX *context)
{
	if (!ok && chain_error == X509_V_OK)
		chain_error = X509_STORE_CTX_get_error(context);
	return ok;
}

static unsigned char *field(size_t *length)
{
	unsigned char head[4], *data;

	if (fread(head, 1, 4, stdin) != 4)
		return NULL;
	*length = head[0] | head[1] << 8 | head[2] << 16 | (size_t)head[3] << 24;
	data = malloc(*length + 1);
	if (!data || fread(data, 1, *length, stdin) != *length)
		exit(2);
	return data;
}

/* What lies behind the header of the SEQUENCE, as AuthenticodeVerify() finds it: by the low bits of the length octet. */
static const unsigned char *inside(const unsigned char *content, size_t *length)
{
	unsigned char first = content[1];

	if (!(first & 0x80)) {
		*length = first & 0x7f;
		return content + 2;
	}
	if ((first & 0x81) == 0x81) {
		*length = content[2];
		return content + 3;
	}
	if ((first & 0x82) == 0x82) {
		*length = content[2] << 8 | content[3];
		return content + 4;
	}
	return NULL;
}

static const char *judge(const unsigned char *signature, size_t size, const unsigned char *trusted, size_t trusted_size, const unsigned char *digest, size_t digest_size)
{
	const char *refusal = NULL;
	const unsigned char *at = signature, *data;
	PKCS7 *pkcs7 = d2i_PKCS7(NULL, &at, size);
	X509 *certificate = NULL;
	X509_STORE *store = NULL;
	BIO *bio = NULL;
	const ASN1_OBJECT *type;
	size_t length;

	if (!pkcs7)
		return "the PKCS#7 cannot be read";
	if (!PKCS7_type_is_signed(pkcs7) || PKCS7_get_detached(pkcs7))
		refusal = "it is no signed data";
	if (!refusal) {
		type = pkcs7->d.sign->contents->type;
		if (OBJ_length(type) != sizeof(indirect_data) || memcmp(OBJ_get0_data(type), indirect_data, sizeof(indirect_data)))
			refusal = "the content is of another type";
	}
	if (!refusal) {
		data = inside(pkcs7->d.sign->contents->d.other->value.asn1_string->data, &length);
		if (!data || length < digest_size)
			refusal = "the content has no length";
		else if (memcmp(data + length - digest_size, digest, digest_size))
			refusal = "the digest is another";
	}
	at = trusted;
	if (!refusal && !(certificate = d2i_X509(NULL, &at, trusted_size)))
		refusal = "the trusted certificate cannot be read";
	if (!refusal) {
		store = X509_STORE_new();
		X509_STORE_add_cert(store, certificate);
		X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
		X509_STORE_set_purpose(store, X509_PURPOSE_ANY);
		X509_STORE_set_verify_cb(store, remember);
		bio = BIO_new_mem_buf(data, length);
		chain_error = X509_V_OK;
		if (PKCS7_verify(pkcs7, NULL, store, bio, NULL, PKCS7_BINARY) != 1) {
			unsigned long error = ERR_peek_last_error();

			refusal = chain_error != X509_V_OK ? X509_verify_cert_error_string(chain_error)
				: error ? ERR_reason_error_string(error) : "PKCS7_verify() fails";
		}
	}
	ERR_clear_error();
	BIO_free(bio);
	X509_STORE_free(store);
	X509_free(certificate);
	PKCS7_free(pkcs7);
	return refusal;
}

int main(void)
{
	size_t signature_size, trusted_size, digest_size;
	unsigned char *signature, *trusted, *digest;

	/* None of it is in EDK2's: no configuration of the machine's either. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	while ((signature = field(&signature_size)) && (trusted = field(&trusted_size)) && (digest = field(&digest_size))) {
		const char *refusal = judge(signature, signature_size, trusted, trusted_size, digest, digest_size);

		printf("%s%s\n", refusal ? "refuses\t" : "accepts", refusal ? refusal : "");
		free(signature);
		free(trusted);
		free(digest);
	}
	return 0;
}
