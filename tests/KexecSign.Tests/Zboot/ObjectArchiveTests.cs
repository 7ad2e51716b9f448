using KexecSign.Fixtures;
using KexecSign.Zboot;

namespace KexecSign.Tests.Zboot;

public sealed class ObjectArchiveTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-ar-");

    [SkippableFact]
    public void A_thin_archive_becomes_what_ar_itself_would_write()
    {
        string[] objects = ["a.o", "sub/a-rather-long-name-of-an-object.stub.o", "fifteen-byte-.o", "sixteen-byte--.o", "odd.o"];
        MakeThin(objects);
        Tool.RunIn(_folder.FullName, "aarch64-linux-gnu-ar", ["rcsD", "whole.a", .. objects]);
        byte[] whole = ObjectArchive.ReadWhole(At("thin.a"));
        Convert.ToHexString(whole).ShouldBe(Convert.ToHexString(File.ReadAllBytes(At("whole.a"))));
        File.ReadAllBytes(At("thin.a")).AsSpan(0, 8).SequenceEqual("!<thin>\n"u8).ShouldBeTrue();
    }

    [SkippableFact]
    public void A_thin_archive_of_short_names_becomes_whole_too()
    {
        MakeThin(["a.o", "b.o"]);
        Tool.RunIn(_folder.FullName, "aarch64-linux-gnu-ar", "rcsD", "whole.a", "a.o", "b.o");
        ObjectArchive.ReadWhole(At("thin.a")).ShouldBe(File.ReadAllBytes(At("whole.a")));
    }

    [SkippableFact]
    public void An_archive_that_is_whole_stays_as_it_is()
    {
        MakeThin(["a.o"]);
        Tool.RunIn(_folder.FullName, "aarch64-linux-gnu-ar", "rcs", "whole.a", "a.o");
        ObjectArchive.ReadWhole(At("whole.a")).ShouldBe(File.ReadAllBytes(At("whole.a")));
    }

    [SkippableFact]
    public void Refuses_an_archive_whose_member_is_gone_or_changed()
    {
        MakeThin(["a.o", "b.o"]);
        File.AppendAllText(At("b.o"), "x");
        Refusal.Of("KS3110", () => ObjectArchive.ReadWhole(At("thin.a"))).Message.ShouldContain("b.o");
        File.Delete(At("b.o"));
        Refusal.Of("KS3001", () => ObjectArchive.ReadWhole(At("thin.a"))).Message.ShouldContain("b.o");
    }

    [SkippableFact]
    public void Refuses_an_archive_cut_anywhere_or_damaged()
    {
        MakeThin(["a.o", "a-rather-long-name-of-an-object.o"]);
        byte[] thin = File.ReadAllBytes(At("thin.a"));
        foreach (int length in Enumerable.Range(0, thin.Length))
        {
            // Cut between two members it is an archive of fewer members, whose index names the lost ones.
            File.WriteAllBytes(At("thin.a"), thin[..length]);
            Refusal.Of("KS3110", () => ObjectArchive.ReadWhole(At("thin.a")));
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private void MakeThin(string[] objects)
    {
        Tool.Require("aarch64-linux-gnu-ar");
        foreach (string name in objects)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
            File.WriteAllText(At(name + ".bin"), name + name.Length);
            Tool.RunIn(_folder.FullName, "aarch64-linux-gnu-objcopy", "-I", "binary", "-O", "elf64-littleaarch64", name + ".bin", name);
            // ELF files end aligned; one of odd length tries ar's padding.
            if (name == "odd.o")
                File.AppendAllText(At(name), "x");
        }
        Tool.RunIn(_folder.FullName, "aarch64-linux-gnu-ar", ["cDPrsT", "thin.a", .. objects]);
    }
}
