/*
 * What shim says of a file: its own read_header(), generate_hash(), verify_buffer(), sbat.c and csv.c, with its own OpenSSL, linked
 * into a program of this machine. This is the side that is compiled with shim's headers and flags; it stands for the firmware below
 * shim: memory, variables, and a log. JUDGE_MACHINE chooses whose shim it is, 0x8664 or 0xaa64, whatever machine runs the test.
 */
#include "shim.h"

#include "shim-judge.h"

/* read_header() knows the machine from the compiler. The headers are read by now, so only pe-relocate.c sees the change. */
#if JUDGE_MACHINE == 0xaa64
#undef __x86_64__
#undef __aarch64__
#define __aarch64__ 1
#else
#undef __x86_64__
#undef __aarch64__
#define __x86_64__ 1
#endif
#include "pe-relocate.c"

/* shim.c and sbat_var.S have these. */
list_t sbat_var;
struct {
	UINT32 automatic_offset;
	UINT32 latest_offset;
} sbat_var_payload_header;
void *load_options;
UINT32 load_options_size;
UINTN _sbat, _esbat;

static const struct judge_input *asked;
static struct judge_answer *answer;

BOOLEAN secure_mode(void)
{
	return TRUE;
}

/* Its first message says why; the others are of those that it passes through on its way out. */
static void note(const CHAR16 *format)
{
	unsigned i;

	if (answer->message[0])
		return;
	for (i = 0; i + 1 < sizeof(answer->message) && format[i] && format[i] != '\n'; i++)
		answer->message[i] = format[i];
	answer->message[i] = 0;
}

EFI_STATUS EFIAPI LogError_(const char *file UNUSED, int line UNUSED, const char *function UNUSED, const CHAR16 *format, ...)
{
	/* What is said of one list, while another may still have the certificate. */
	if (format[0] != 'c' && format[0] != 'A')
		note(format);
	return EFI_SUCCESS;
}

EFI_STATUS EFIAPI VLogError(const char *file UNUSED, int line UNUSED, const char *function UNUSED, const CHAR16 *format, ms_va_list args UNUSED)
{
	note(format);
	return EFI_SUCCESS;
}

VOID PrintErrors(VOID)
{
}

VOID ClearErrors(VOID)
{
}

UINTN EFIAPI log_debug_print(const CHAR16 *format UNUSED, ...)
{
	return 0;
}

EFI_STATUS tpm_log_pe(EFI_PHYSICAL_ADDRESS buf UNUSED, UINTN size UNUSED, EFI_PHYSICAL_ADDRESS addr UNUSED,
		      EFI_DEVICE_PATH *path UNUSED, UINT8 *sha1hash UNUSED, UINT8 pcr UNUSED)
{
	return EFI_SUCCESS;
}

EFI_STATUS tpm_measure_variable(CHAR16 *name UNUSED, EFI_GUID guid UNUSED, UINTN size UNUSED, void *data UNUSED)
{
	return EFI_SUCCESS;
}

EFI_STATUS update_mem_attrs(uintptr_t addr UNUSED, uint64_t size UNUSED, uint64_t set UNUSED, uint64_t clear UNUSED)
{
	return EFI_SUCCESS;
}

char *decode_hsi_bits(UINTN hsi UNUSED)
{
	return "";
}

static EFI_STATUS EFIAPI allocate_pool(EFI_MEMORY_TYPE type UNUSED, UINTN size, VOID **buffer)
{
	*buffer = judge_allocate(size);
	return *buffer ? EFI_SUCCESS : EFI_OUT_OF_RESOURCES;
}

static EFI_STATUS EFIAPI free_pool(VOID *buffer)
{
	judge_free(buffer);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI read_variable(CHAR16 *name, EFI_GUID *owner UNUSED, UINT32 *attributes, UINTN *size, VOID *data)
{
	static const CHAR16 *const names[] = { L"db", L"dbx", L"MokListRT", L"MokListX", SBAT_VAR_NAME };
	unsigned i;

	for (i = 0; i < JUDGE_VARIABLES; i++) {
		const struct judge_variable *variable = &asked->variables[i];

		if (StrCmp(name, names[i]) != 0 || variable->length == 0)
			continue;
		if (*size < variable->length) {
			*size = variable->length;
			return EFI_BUFFER_TOO_SMALL;
		}
		*size = variable->length;
		CopyMem(data, (void *)variable->data, variable->length);
		if (attributes)
			*attributes = EFI_VARIABLE_BOOTSERVICE_ACCESS;
		return EFI_SUCCESS;
	}
	return EFI_NOT_FOUND;
}

static EFI_STATUS EFIAPI no_time(EFI_TIME *time, EFI_TIME_CAPABILITIES *capabilities UNUSED)
{
	ZeroMem(time, sizeof(*time));
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI say_nothing(SIMPLE_TEXT_OUTPUT_INTERFACE *this UNUSED, CHAR16 *text UNUSED)
{
	return EFI_SUCCESS;
}

extern void init_openssl(void);
extern EFI_STATUS shim_verify(void *buffer, UINT32 size);

void shim_judge(const struct judge_input *input, struct judge_answer *result)
{
	static EFI_BOOT_SERVICES boot;
	static EFI_RUNTIME_SERVICES runtime;
	static SIMPLE_TEXT_OUTPUT_INTERFACE console;
	static EFI_SYSTEM_TABLE system;
	EFI_STATUS status;
	PE_COFF_LOADER_IMAGE_CONTEXT context;
	UINT8 sha1[SHA1_DIGEST_SIZE];

	asked = input;
	answer = result;
	boot.AllocatePool = allocate_pool;
	boot.FreePool = free_pool;
	runtime.GetVariable = read_variable;
	runtime.GetTime = no_time;
	console.OutputString = say_nothing;
	system.ConOut = &console;
	system.StdErr = &console;
	system.BootServices = &boot;
	system.RuntimeServices = &runtime;
	ST = &system;
	BS = &boot;
	RT = &runtime;
	init_openssl();

	INIT_LIST_HEAD(&sbat_var);
	if (input->variables[JUDGE_SBAT_LEVEL].length != 0) {
		status = parse_sbat_var(&sbat_var, NULL);
		if (EFI_ERROR(status)) {
			note(L"the SBAT level cannot be read");
			result->status = status & 0xff;
			return;
		}
	}

	/* The digest for its own sake; shim_verify() computes it again. */
	ZeroMem(&context, sizeof(context));
	if (!EFI_ERROR(read_header((void *)input->image, input->length, &context, true)) &&
	    !EFI_ERROR(generate_hash((char *)input->image, input->length, &context, result->sha256, sha1)))
		result->has_digest = 1;
	result->message[0] = 0;

	status = shim_verify((void *)input->image, input->length);
	result->status = status & 0xff;
	result->accepted = !EFI_ERROR(status);
}
