using System.Text;
using KexecSign.Fixtures;
using KexecSign.Zboot;

namespace KexecSign.Tests.Zboot;

/// <summary>The kernel's own script passes; whatever names a file does not.</summary>
public sealed class LinkScriptTests
{
    private const string Kernels = """
        /* SPDX-License-Identifier: GPL-2.0 */
        ENTRY(__efistub_efi_zboot_header);
        PROVIDE(zboot_code_size = ABSOLUTE(0));
        SECTIONS
        {
        	.head : ALIGN(4096) {
        		*(.head)
        	}
        	.text : {
        		*(.text* .init.text*)
        	}
        	.rodata : ALIGN(8) {
        		__efistub__gzdata_start = .;
        		*(.gzdata)
        		__efistub__gzdata_end = .;
        		*(.rodata* .init.rodata* .srodata*)
        		. = ALIGN(4);
        		__efistub_code_size = .;
        		LONG(zboot_code_size);
        		_etext = ALIGN(4096);
        		. = _etext;
        	}
        	.data : ALIGN(4096) {
        		*(.data* .init.data*)
        		_edata = ALIGN(512);
        	}
        	/DISCARD/ : {
        		*(.discard .discard.*)
        		*(.modinfo .init.modinfo)
        	}
        }
        PROVIDE(__efistub__gzdata_size =
        		ABSOLUTE(__efistub__gzdata_end - __efistub__gzdata_start));
        PROVIDE(__data_size = ABSOLUTE(_end - _etext));
        """;

    [Fact]
    public void The_kernels_own_is_taken() => LinkScript.Require(Encoding.ASCII.GetBytes(Kernels), "zboot.lds");

    [Theory]
    [InlineData("INPUT(/some/secret)")]
    [InlineData("INPUT/**/(/some/secret)")]
    [InlineData("INPUT /* x */ ( /some/secret )")]
    [InlineData("GROUP(-lsecret)")]
    [InlineData("INCLUDE /some/script")]
    [InlineData("INCLUDE/**/ /some/script")]
    [InlineData("SEARCH_DIR(/some)")]
    [InlineData("STARTUP(x.o)")]
    [InlineData("OUTPUT(/some/file)")]
    [InlineData("OUTPUT_FORMAT(binary)")]
    [InlineData("TARGET(binary)")]
    [InlineData("SECTIONS { .x : { /some/secret(.data) } }")]
    [InlineData("SECTIONS { .x : { secret.o (.data) } }")]
    [InlineData("SECTIONS { .x : { *secret(.data) } }")]
    [InlineData("SECTIONS { .x : { lib.a:secret.o(.data) } }")]
    [InlineData("SECTIONS { .x : { /a/lib.a:*(.data) } }")]
    [InlineData("SECTIONS { .x : { KEEP(/some/secret(.data)) } }")]
    [InlineData("SECTIONS { .x : { SORT(/some/secret)(.data) } }")]
    [InlineData("SECTIONS { .x : { SORT_BY_NAME(/some/secret) (.data) } }")]
    [InlineData("SECTIONS { .x : { \"/some/secret\"(.data) } }")]
    [InlineData("SECTIONS { .x : { EXCLUDE_FILE(a) *(.data) } }")]
    [InlineData("SECTIONS { .x : { *(.data) } } INSERT AFTER .text;")]
    [InlineData("VERSION { }")]
    [InlineData("MEMORY { m : ORIGIN = 0, LENGTH = 1 }")]
    [InlineData("/* without an end")]
    public void What_names_a_file_or_does_more_than_arrange_is_refused(string command) =>
        Refusal.Of("KS3757", () => LinkScript.Require(Encoding.ASCII.GetBytes(Kernels + "\n" + command), "zboot.lds")).Message.ShouldContain("zboot.lds");

    [Fact]
    public void Objects_are_objects_and_archives_hold_theirs()
    {
        foreach (string content in (string[])["INPUT(/some/secret)", "!<thin>\n", "!<arch>\nshort", "", "\x7fELF"])
        {
            Refusal.Of("KS3758", () => KitObjects.RequireObject(Encoding.Latin1.GetBytes(content), "zboot-header.o", 183));
            Refusal.Of("KS3758", () => KitObjects.RequireArchive(Encoding.Latin1.GetBytes(content), "lib.a", 183));
        }
        string member = $"{"../x.o/",-16}{"0",-12}{"0",-6}{"0",-6}{"644",-8}{"4",-10}`\nabcd";
        Refusal.Of("KS3758", () => KitObjects.RequireArchive(Encoding.Latin1.GetBytes("!<arch>\n" + member), "lib.a", 183)).Message.ShouldContain("'../x.o'");
    }
}
