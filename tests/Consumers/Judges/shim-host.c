/*
 * shim-host
 *
 * Reads questions from standard input, a line each: image, db, dbx, MokListRT, MokListX and SBAT level as paths that tabs separate, "-" for
 * none. Answers a line each: "accepts" or "refuses", the EFI status, the SHA-256 that shim computes ("-" for none), and its first message.
 * A child process answers each, since shim may be led out of its buffers; then the answer is "dies".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim-judge.h"

void *judge_allocate(unsigned long size)
{
	return calloc(1, size ? size : 1);
}

void judge_free(void *memory)
{
	free(memory);
}

static unsigned char *contents(const char *path, unsigned long *length)
{
	FILE *file = fopen(path, "rb");
	unsigned char *data;
	long size;

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	rewind(file);
	data = malloc(size + 1);
	if (fread(data, 1, size, file) != (size_t)size) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	fclose(file);
	*length = size;
	return data;
}

int main(void)
{
	static char line[1 << 16];
	struct judge_answer *answer = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	while (fgets(line, sizeof(line), stdin)) {
		int state, i;
		pid_t child;

		line[strcspn(line, "\n")] = 0;
		memset(answer, 0, sizeof(*answer));
		fflush(stdout);
		child = fork();
		if (child == 0) {
			struct judge_input input = { 0 };
			char *rest = line, *path = strsep(&rest, "\t");
			unsigned long length;

			input.image = contents(path, &length);
			input.length = length;
			for (i = 0; i < JUDGE_VARIABLES && (path = strsep(&rest, "\t")); i++) {
				if (strcmp(path, "-") == 0)
					continue;
				input.variables[i].data = contents(path, &input.variables[i].length);
			}
			shim_judge(&input, answer);
			_exit(0);
		}
		waitpid(child, &state, 0);
		if (!WIFEXITED(state)) {
			printf("dies\t%d\t-\t\n", WTERMSIG(state));
			continue;
		}
		if (WEXITSTATUS(state))
			return WEXITSTATUS(state);
		printf("%s\t%d\t", answer->accepted ? "accepts" : "refuses", answer->status);
		for (i = 0; i < 32 && answer->has_digest; i++)
			printf("%02x", answer->sha256[i]);
		printf("%s\t%s\n", answer->has_digest ? "" : "-", answer->message);
	}
	return 0;
}
