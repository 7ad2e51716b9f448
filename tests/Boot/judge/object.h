/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The parser object: an ELF64 file whose global symbols opts_data and opts_insn are a light skeleton's data and loader program. */
#ifndef KEXEC_JUDGE_OBJECT_H
#define KEXEC_JUDGE_OBJECT_H

#include <linux/elf.h>
#include <linux/string.h>
#include <linux/types.h>

struct bytes {
	const char *at;
	size_t size;
};

static bool within(u64 offset, u64 length, u64 size)
{
	return length <= size && offset <= size - length;
}

/* An ELF64 file's section headers, all of whose contents lie inside the file; NULL when it is none. */
static const struct elf64_shdr *elf_sections(const struct bytes *file, unsigned int *count)
{
	const struct elf64_hdr *header = (const void *)file->at;
	const struct elf64_shdr *sections;
	unsigned int i;

	if (file->size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    header->e_ident[EI_DATA] != ELFDATA2LSB || header->e_shentsize != sizeof(*sections) || !header->e_shnum ||
	    header->e_shstrndx >= header->e_shnum || !within(header->e_shoff, (u64)header->e_shnum * sizeof(*sections), file->size))
		return NULL;
	sections = (const void *)(file->at + header->e_shoff);
	for (i = 1; i < header->e_shnum; i++)
		if (sections[i].sh_type != SHT_NOBITS && !within(sections[i].sh_offset, sections[i].sh_size, file->size))
			return NULL;
	*count = header->e_shnum;
	return sections;
}

/* A string of a string table, which must end inside it. */
static const char *elf_string(const struct bytes *file, const struct elf64_shdr *table, u32 offset)
{
	const char *text = file->at + table->sh_offset + offset;

	if (offset >= table->sh_size || strnlen(text, table->sh_size - offset) == table->sh_size - offset)
		return NULL;
	return text;
}

/* What a global symbol stands for, without the zero that ends a string literal. */
static int symbol(const struct bytes *file, const char *name, struct bytes *found)
{
	unsigned int count = 0, i;
	const struct elf64_shdr *sections = elf_sections(file, &count);

	for (i = 1; sections && i < count; i++) {
		const struct elf64_sym *symbols = (const void *)(file->at + sections[i].sh_offset);
		u64 each;

		if (sections[i].sh_type != SHT_SYMTAB || sections[i].sh_link >= count)
			continue;
		for (each = 0; each < sections[i].sh_size / sizeof(*symbols); each++) {
			const char *its = elf_string(file, &sections[sections[i].sh_link], symbols[each].st_name);
			u16 in = symbols[each].st_shndx;

			if (!its || strcmp(its, name) || ELF_ST_BIND(symbols[each].st_info) != STB_GLOBAL)
				continue;
			if (!in || in >= count || sections[in].sh_type == SHT_NOBITS || !symbols[each].st_size ||
			    !within(symbols[each].st_value, symbols[each].st_size, sections[in].sh_size))
				return -EINVAL;
			found->at = file->at + sections[in].sh_offset + symbols[each].st_value;
			found->size = symbols[each].st_size - 1;
			return 0;
		}
	}
	return -EINVAL;
}

#endif
