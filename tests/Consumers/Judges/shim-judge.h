/* Between the side that is shim's and the side that is this machine's. Plain types only: the two are compiled by other rules. */

#define JUDGE_VARIABLES 5
#define JUDGE_SBAT_LEVEL 4

struct judge_variable {
	const unsigned char *data;
	unsigned long length;
};

struct judge_input {
	const unsigned char *image;
	unsigned length;
	/* db, dbx, MokListRT, MokListX: EFI_SIGNATURE_LISTs; SbatLevelRT: CSV. A length of 0 for one that is not there. */
	struct judge_variable variables[JUDGE_VARIABLES];
};

struct judge_answer {
	int accepted;
	/* The EFI status without its error bit. */
	int status;
	int has_digest;
	unsigned char sha256[32];
	char message[120];
};

void *judge_allocate(unsigned long size);
void judge_free(void *memory);
void shim_judge(const struct judge_input *input, struct judge_answer *result);
