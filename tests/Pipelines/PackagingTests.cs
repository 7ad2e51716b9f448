using KexecSign.Fixtures;

namespace KexecSign.Pipelines.Tests;

/// <summary>Builds of packages with dpkg-buildpackage and rpmbuild, and the rounds that OBS makes.</summary>
public sealed class PackagingTests : IDisposable
{
    private const string SignAsElsewhere = "for request in \"$BUNDLE\"/stage-1/requests/*.attributes; do openssl dgst -sha256 -sign \"$KEY\" -out \"$BUNDLE/stage-1/answers/$(basename \"$request\").sig\" \"$request\"; done";

    private readonly Runner _runner = new();

    [SkippableTheory]
    [InlineData("throw-away")]
    [InlineData("token")]
    [InlineData("bundle")]
    public void A_Debian_package_holds_what_was_signed(string way)
    {
        Tool.Require("dpkg-buildpackage", "dh");
        string source = DebianSource();
        const string build = "dpkg-buildpackage -us -uc -b -d";
        Dictionary<string, string> release = new(_runner.Release) { ["KEXECSIGN_POLICY"] = _runner.At("release.policy.json") };
        string certificate = _runner.At("db.pem");
        switch (way)
        {
            case "throw-away":
                _runner.Run(build, [], source);
                break;
            case "token":
                release["KEXECSIGN_KEYS"] = _runner.At("keys/release.keys.json");
                _runner.Run(build, release, source);
                break;
            default:
                string key = Elsewhere(out certificate);
                string bundle = Path.Combine(_runner.Temp, "bundle");
                Dictionary<string, string> offline = new() { ["KEXECSIGN_BUNDLE"] = bundle, ["KEXECSIGN_CERT"] = certificate };
                _runner.Run(build, offline, source);
                _runner.Run(SignAsElsewhere, new() { ["BUNDLE"] = Path.Combine(bundle, "linux-image-dummy/boot/vmlinuz-1"), ["KEY"] = key });
                _runner.Run(build, new(offline) { ["KEXECSIGN_ATTACH"] = "1" }, source);
                break;
        }
        string unpacked = Path.Combine(_runner.Temp, "unpacked");
        _runner.Run($"dpkg-deb -x ../linux-image-dummy_1_all.deb '{unpacked}'", [], source);
        string image = Path.Combine(unpacked, "boot/vmlinuz-1");
        if (way == "throw-away")
            Tool.Run("sbverify", "--list", image).ShouldContain("KexecSign demo");
        else
            Tool.Run("sbverify", "--cert", certificate, image);
        File.Exists(image + ".sig").ShouldBe(way != "bundle");
        _runner.Run("dh clean", [], source);
        Directory.Exists(Path.Combine(source, "debian/.kexecsign")).ShouldBeFalse();
        _runner.Log.ShouldNotContain(Runner.Pin);
    }

    [SkippableFact]
    public void A_policy_that_is_broken_fails_the_Debian_build()
    {
        Tool.Require("dpkg-buildpackage", "dh");
        string policy = _runner.At("strict.json");
        File.WriteAllText(policy, """{ "signatures": { "outer": { "algorithms": ["rsa4096"] } } }""");
        (int exit, string output) = _runner.Ask("dpkg-buildpackage -us -uc -b -d", new() { ["KEXECSIGN_POLICY"] = policy }, DebianSource());
        exit.ShouldNotBe(0);
        output.ShouldContain("KS4643");
    }

    [SkippableTheory]
    [InlineData("token")]
    [InlineData("bundle")]
    public void Kernels_of_one_name_in_two_folders_are_each_signed(string way)
    {
        Tool.Require("dpkg-buildpackage", "dh");
        string source = TwoKernels(), certificate = _runner.At("db.pem");
        const string build = "dpkg-buildpackage -us -uc -b -d";
        if (way == "token")
        {
            _runner.Run(build, new(_runner.Release) { ["KEXECSIGN_KEYS"] = _runner.At("keys/release.keys.json") }, source);
        }
        else
        {
            string key = Elsewhere(out certificate), bundle = Path.Combine(_runner.Temp, "bundle");
            Dictionary<string, string> offline = new() { ["KEXECSIGN_BUNDLE"] = bundle, ["KEXECSIGN_CERT"] = certificate };
            _runner.Run(build, offline, source);
            foreach (string version in Versions)
                _runner.Run(SignAsElsewhere, new() { ["BUNDLE"] = Path.Combine(bundle, $"linux-image-dummy/usr/lib/modules/{version}/vmlinuz"), ["KEY"] = key });
            _runner.Run(build, new(offline) { ["KEXECSIGN_ATTACH"] = "1" }, source);
        }
        string unpacked = Path.Combine(_runner.Temp, "unpacked");
        _runner.Run($"dpkg-deb -x ../linux-image-dummy_1_all.deb '{unpacked}'", [], source);
        foreach ((string version, int i) in Versions.Select((version, i) => (version, i)))
        {
            string image = Path.Combine(unpacked, $"usr/lib/modules/{version}/vmlinuz");
            Tool.Run("sbverify", "--cert", certificate, image);
            // Each is the kernel that was in its place.
            File.ReadAllBytes(image).AsSpan(TestImage.SizeOfHeaders, 256).ToArray().ShouldBe(
                File.ReadAllBytes(_runner.At($"image{i}")).AsSpan(TestImage.SizeOfHeaders, 256).ToArray());
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_failure_in_the_middle_leaves_the_package_as_it_was(bool offline)
    {
        Tool.Require("dpkg-buildpackage", "dh");
        string source = TwoKernels(), package = Path.Combine(source, "debian/linux-image-dummy");
        string second = Path.Combine(package, $"usr/lib/modules/{Versions[1]}/vmlinuz");
        Directory.CreateDirectory(Path.GetDirectoryName(second)!);
        Directory.CreateDirectory(Path.Combine(package, $"usr/lib/modules/{Versions[0]}"));
        File.Copy(_runner.At("image0"), Path.Combine(package, $"usr/lib/modules/{Versions[0]}/vmlinuz"));
        File.WriteAllText(second, "no image");
        Dictionary<string, string> environment = new(_runner.Release) { ["KEXECSIGN_KEYS"] = _runner.At("keys/release.keys.json") };
        if (offline)
        {
            Elsewhere(out string certificate);
            environment = new() { ["KEXECSIGN_BUNDLE"] = Path.Combine(_runner.Temp, "bundle"), ["KEXECSIGN_CERT"] = certificate };
        }
        string before = Contents(package);
        _runner.Ask("debian/dh_kexecsign linux-image-dummy", environment, source).Exit.ShouldNotBe(0);
        Contents(package).ShouldBe(before);

        string Contents(string folder) => _runner.Run("find . -type f | sort | xargs sha256sum", [], folder);
    }

    [SkippableTheory]
    [InlineData("replace", 1)]
    [InlineData("append", 2)]
    public void A_distributions_signed_kernel_is_signed_again_where_that_is_asked_for(string existing, int signatures)
    {
        Tool.Require("dpkg-buildpackage", "dh", "sbsign");
        string source = DebianSource(), key = Elsewhere(out string distribution), vmlinuz = Path.Combine(source, "vmlinuz");
        Tool.Run("sbsign", "--key", key, "--cert", distribution, "--output", vmlinuz, vmlinuz);
        Dictionary<string, string> release = new(_runner.Release) { ["KEXECSIGN_KEYS"] = _runner.At("keys/release.keys.json") };
        (int exit, string output) = _runner.Ask("dpkg-buildpackage -us -uc -b -d", release, source);
        exit.ShouldNotBe(0);
        output.ShouldContain("--replace");
        _runner.Run("dpkg-buildpackage -us -uc -b -d", new(release) { ["KEXECSIGN_EXISTING"] = existing }, source);
        string unpacked = Path.Combine(_runner.Temp, "unpacked");
        _runner.Run($"dpkg-deb -x ../linux-image-dummy_1_all.deb '{unpacked}'", [], source);
        string image = Path.Combine(unpacked, "boot/vmlinuz-1");
        Tool.Run("sbverify", "--cert", _runner.At("db.pem"), image);
        Tool.Ask("sbverify", "--cert", distribution, image).Exit.ShouldBe(signatures == 2 ? 0 : 1);
    }

    [SkippableTheory]
    [InlineData("signed", true)]
    [InlineData("unsigned", false)]
    [InlineData("signed and then stripped", false)]
    public void A_Debian_packages_gate_judges_its_modules_and_kernels_last(string module, bool opens)
    {
        Tool.Require("dpkg-buildpackage", "dh", "gcc");
        string source = TwoKernels(), rules = Path.Combine(source, "debian/rules"), place = $"debian/linux-image-dummy/usr/lib/modules/{Versions[0]}/kernel/a.ko";
        Module(Path.Combine(source, "a.ko"), module != "unsigned");
        string text = File.ReadAllText(rules).Replace("\tinstall -D -m 644 vmlinuz debian/linux-image-dummy/boot/vmlinuz-1\n", $"\tinstall -D -m 644 a.ko {place}\n", StringComparison.Ordinal);
        // What a build does behind the signing, as dh_strip does to modules where it is not told otherwise.
        File.WriteAllText(rules, text + (module == "signed and then stripped" ? $"\noverride_dh_installdeb:\n\tstrip --strip-debug {place}\n\tdh_installdeb\n" : ""));
        Dictionary<string, string> release = new(_runner.Release) { ["KEXECSIGN_KEYS"] = _runner.At("keys/release.keys.json"), ["KEXECSIGN_POLICY"] = ModulePolicy() };
        (int exit, string output) = _runner.Ask("dpkg-buildpackage -us -uc -b -d", release, source);
        (exit == 0).ShouldBe(opens, output);
        output.ShouldContain(opens ? "gate open: 3 of 3 file(s)" : $"KS4141: {place}");
        File.Exists(Path.Combine(source, "../linux-image-dummy_1_all.deb")).ShouldBe(opens);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_RPMs_gate_judges_what_is_packed(bool signed)
    {
        Tool.Require("rpmbuild", "gcc");
        string top = RpmTree(), spec = Path.Combine(top, "SPECS/dummy.spec");
        Module(Path.Combine(top, "SOURCES/a.ko"), signed);
        File.WriteAllText(spec, File.ReadAllText(spec).Replace("%files\n", """
            mkdir -p %{buildroot}/usr/lib/modules/1
            cp %{buildroot}/boot/vmlinuz-1 %{buildroot}/usr/lib/modules/1/vmlinuz
            cp %{_sourcedir}/a.ko %{buildroot}/usr/lib/modules/1/a.ko
            %check
            %kexecsign_gate %{policy}
            %files
            /usr/lib/modules

            """, StringComparison.Ordinal));
        string keys = $"--define '_kexecsign_keys {_runner.At("keys/release.keys.json")}' --define 'policy {ModulePolicy()}'";
        (int exit, string output) = _runner.Ask(
            $"rpmbuild -bb --quiet --nodeps --define '_topdir {top}' --define '__strip /bin/true' --load '{Runner.Pipeline("rpm/macros.kexecsign")}' {keys} {top}/SPECS/dummy.spec", _runner.Release);
        (exit == 0).ShouldBe(signed, output);
        if (!signed)
            output.ShouldContain("KS4141: ");
    }

    [SkippableTheory]
    [InlineData("throw-away")]
    [InlineData("token")]
    [InlineData("bundle")]
    public void An_RPM_holds_what_was_signed(string way)
    {
        Tool.Require("rpmbuild");
        string top = RpmTree(), certificate = _runner.At("db.pem");
        string build(string more) => $"rpmbuild -bb --quiet --nodeps --define '_topdir {top}' --load '{Runner.Pipeline("rpm/macros.kexecsign")}' {more} {top}/SPECS/dummy.spec";
        switch (way)
        {
            case "throw-away":
                _runner.Run(build(""));
                break;
            case "token":
                _runner.Run(build($"--define '_kexecsign_keys {_runner.At("keys/release.keys.json")}' --define 'policy {_runner.At("release.policy.json")}'"), _runner.Release);
                break;
            default:
                string key = Elsewhere(out certificate), bundle = Path.Combine(_runner.Temp, "bundle");
                _runner.Run(build($"--define '_kexecsign_bundle {bundle}' --define '_kexecsign_cert {certificate}'"));
                _runner.Run(SignAsElsewhere, new() { ["BUNDLE"] = bundle, ["KEY"] = key });
                _runner.Run(build($"--define '_kexecsign_bundle {bundle}' --define '_kexecsign_cert {certificate}' --define '_kexecsign_attach 1'"));
                break;
        }
        string unpacked = Path.Combine(_runner.Temp, "unpacked");
        Directory.CreateDirectory(unpacked);
        _runner.Run($"rpm2cpio {top}/RPMS/noarch/dummy-1-1.noarch.rpm | cpio -id --quiet", [], unpacked);
        string image = Path.Combine(unpacked, "boot/vmlinuz-1");
        if (way == "throw-away")
            Tool.Run("sbverify", "--list", image).ShouldContain("KexecSign demo");
        else
            Tool.Run("sbverify", "--cert", certificate, image);
        _runner.Log.ShouldNotContain(Runner.Pin);
    }

    [SkippableFact]
    public void OBS_signs_between_two_builds_without_a_key_on_the_worker()
    {
        Tool.Require("rpmbuild", "cpio");
        string key = Elsewhere(out string certificate), first = ObsTree("first"), second = ObsTree("second");
        File.Copy(certificate, Path.Combine(first, "SOURCES/_projectcert.crt"));
        File.Copy(certificate, Path.Combine(second, "SOURCES/_projectcert.crt"));
        _runner.Run(ObsBuild(first, ""));
        // OBS's signer: each file of the archive gets a bare RSA signature of its SHA-256, in an archive of the same names.
        _runner.Run("""
            mkdir -p "$WORK" && cd "$WORK"
            cpio -id --quiet < "$TOP/OTHER/kernel-signed.cpio.rsasign"
            for file in *; do openssl dgst -sha256 -sign "$KEY" -out "$file.sig" "$file"; done
            printf '%s\n' *.sig | cpio -o -H newc --quiet > "$NEXT/SOURCES/kernel-signed.cpio.rsasign.sig"
            cp "$TOP"/OTHER/kernel-signed.cpio.rsasign* "$NEXT/SOURCES"
            """, new() { ["WORK"] = Path.Combine(_runner.Temp, "signer"), ["KEY"] = key, ["TOP"] = first, ["NEXT"] = second });
        // With a policy among the sources it is the gate of the second build, and of that alone.
        string policy = Path.Combine(second, "SOURCES/release.policy.json");
        File.WriteAllText(policy, $$"""{ "certificates": { "db": ["{{_runner.At("db.pem")}}"] }, "consumers": ["firmware"] }""");
        (int exit, string output) = _runner.Ask(ObsBuild(second, ""));
        exit.ShouldNotBe(0);
        output.ShouldContain("KS4640: ");
        File.WriteAllText(policy, """{ "certificates": { "db": ["_projectcert.crt"] }, "consumers": ["firmware"] }""");
        _runner.Run(ObsBuild(second, ""));
        Tool.Run("sbverify", "--cert", certificate, ObsImage(second));
        Tool.Ask("sbverify", "--cert", certificate, ObsImage(first)).Exit.ShouldNotBe(0);
    }

    [SkippableFact]
    public void OBS_tries_pull_requests_with_a_throw_away_token()
    {
        Tool.Require("rpmbuild", "cpio");
        string top = ObsTree("try");
        File.Copy(_runner.At("keys/throwaway.profile.json"), Path.Combine(top, "SOURCES/throwaway.profile.json"));
        _runner.Run(ObsBuild(top, "--define 'kexecsign_try 1'"));
        Tool.Run("sbverify", "--list", ObsImage(top)).ShouldContain("KexecSign demo");
    }

    [SkippableFact]
    public void The_helpers_are_sound_shell()
    {
        foreach (string script in new[] { "debian/dh_kexecsign", "obs/kexecsign-obs" })
            Tool.Run("shellcheck", Runner.Pipeline(script));
        _runner.Ask($"'{Runner.Pipeline("obs/kexecsign-obs")}' prepare").Exit.ShouldBe(2);
    }

    public void Dispose() => _runner.Dispose();

    // A key that no kexecsign ever sees.
    private string Elsewhere(out string certificate)
    {
        string key = Path.Combine(_runner.Temp, "elsewhere.key");
        certificate = Path.Combine(_runner.Temp, "elsewhere.pem");
        Tool.Run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=elsewhere", "-days", "2");
        return key;
    }

    // An object with symbols that 'strip' takes away, signed by the kernel's own program.
    private void Module(string path, bool signed)
    {
        Tool.Require(Tool.SignFile);
        Elsewhere(out string certificate);
        File.WriteAllText(_runner.At("m.c"), "const char license[] = \"GPL\";");
        Tool.Run("gcc", "-g", "-c", "-o", path, _runner.At("m.c"));
        if (signed)
            Tool.Run(Tool.SignFile, "sha256", Path.ChangeExtension(certificate, ".key"), certificate, path);
    }

    private string ModulePolicy()
    {
        string policy = _runner.At("modules.policy.json");
        File.WriteAllText(policy, $$"""
            { "certificates": { "db": ["db.pem"], "ima": ["ima.pem"], "module": ["{{Path.Combine(_runner.Temp, "elsewhere.pem")}}"] },
              "consumers": ["firmware"], "signatures": { "module": {} } }
            """);
        return policy;
    }

    private string DebianSource()
    {
        string source = Path.Combine(_runner.Temp, "linux-dummy-1"), debian = Path.Combine(source, "debian");
        Directory.CreateDirectory(debian);
        File.Copy(_runner.At("image0"), Path.Combine(source, "vmlinuz"));
        foreach (string file in new[] { "kexecsign.mk", "dh_kexecsign" })
            File.Copy(Runner.Pipeline("debian/" + file), Path.Combine(debian, file));
        File.Copy(_runner.At("keys/throwaway.profile.json"), Path.Combine(debian, "throwaway.profile.json"));
        void Write(string name, string text) => File.WriteAllText(Path.Combine(debian, name), text);
        Write("control", "Source: linux-dummy\nMaintainer: Test <test@example.invalid>\nBuild-Depends: debhelper-compat (= 13)\n\nPackage: linux-image-dummy\nArchitecture: all\nDescription: a small image\n for a test\n");
        Write("changelog", "linux-dummy (1) unstable; urgency=low\n\n  * Test.\n\n -- Test <test@example.invalid>  Thu, 01 Jan 2026 00:00:00 +0000\n");
        Write("rules", "#!/usr/bin/make -f\n%:\n\tdh $@\n\noverride_dh_auto_install:\n\tinstall -D -m 644 vmlinuz debian/linux-image-dummy/boot/vmlinuz-1\n\ninclude debian/kexecsign.mk\n");
        Write("linux-image-dummy.kexecsign", "boot/vmlinuz-1\n");
        foreach (string script in new[] { "rules", "dh_kexecsign" })
            File.SetUnixFileMode(Path.Combine(debian, script), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return source;
    }

    private static readonly string[] Versions = ["7.3.4-one", "7.3.4-two"];

    // Where Debian's kernels are since 7.0.
    private string TwoKernels()
    {
        string source = DebianSource(), debian = Path.Combine(source, "debian");
        string rules = File.ReadAllText(Path.Combine(debian, "rules"));
        for (int i = 0; i < Versions.Length; i++)
        {
            File.Copy(_runner.At($"image{i}"), Path.Combine(source, $"vmlinuz{i}"));
            rules = rules.Replace("\tinstall -D -m 644 vmlinuz debian", $"\tinstall -D -m 644 vmlinuz{i} debian/linux-image-dummy/usr/lib/modules/{Versions[i]}/vmlinuz\n\tinstall -D -m 644 vmlinuz debian", StringComparison.Ordinal);
        }
        File.WriteAllText(Path.Combine(debian, "rules"), rules);
        File.WriteAllText(Path.Combine(debian, "linux-image-dummy.kexecsign"), string.Concat(Versions.Select(version => $"usr/lib/modules/{version}/vmlinuz\n\n")));
        return source;
    }

    private string RpmTree()
    {
        string top = Path.Combine(_runner.Temp, "rpm");
        foreach (string folder in new[] { "SPECS", "SOURCES", "BUILD" })
            Directory.CreateDirectory(Path.Combine(top, folder));
        File.Copy(_runner.At("image0"), Path.Combine(top, "SOURCES/vmlinuz-1"));
        File.Copy(_runner.At("keys/throwaway.profile.json"), Path.Combine(top, "SOURCES/throwaway.profile.json"));
        File.WriteAllText(Path.Combine(top, "SOURCES/kernel.plan.json"),
            """{ "steps": [{ "step": "sign", "key": "db" }, { "step": "ima", "key": "ima" }], "images": [{ "image": "vmlinuz-1", "outputs": { "image": "signed/vmlinuz-1" } }] }""");
        File.WriteAllText(Path.Combine(top, "SPECS/dummy.spec"), """
            Name: dummy
            Version: 1
            Release: 1
            Summary: A small image
            License: Apache-2.0
            Source0: vmlinuz-1
            Source1: kernel.plan.json
            BuildArch: noarch
            %description
            For a test.
            %prep
            %build
            %install
            mkdir -p %{buildroot}/boot
            %if 0%{?_kexecsign_bundle:1}
            %kexecsign_offline %{SOURCE0} %{buildroot}/boot
            %else
            %kexecsign_build %{SOURCE1}
            cp %{_builddir}/signed/vmlinuz-1 %{buildroot}/boot
            %if 0%{?policy:1}
            %kexecsign_verify %{policy} %{_builddir}/signed/vmlinuz-1
            %endif
            %endif
            %files
            /boot/vmlinuz-1

            """);
        return top;
    }

    private string ObsTree(string name)
    {
        string top = Path.Combine(_runner.Temp, name);
        foreach (string folder in new[] { "SPECS", "SOURCES", "BUILD" })
            Directory.CreateDirectory(Path.Combine(top, folder));
        File.Copy(_runner.At("image0"), Path.Combine(top, "SOURCES/vmlinuz.efi"));
        File.Copy(Runner.Pipeline("obs/kernel-signed.spec"), Path.Combine(top, "SPECS/kernel-signed.spec"));
        return top;
    }

    private static string ObsBuild(string top, string more) =>
        $"rpmbuild -bb --quiet --nodeps --define '_topdir {top}' --define 'kexecsign_obs {Runner.Pipeline("obs/kexecsign-obs")}' {more} {top}/SPECS/kernel-signed.spec";

    private string ObsImage(string top)
    {
        string unpacked = Path.Combine(top, "unpacked");
        Directory.CreateDirectory(unpacked);
        _runner.Run($"rpm2cpio {top}/RPMS/noarch/kernel-signed-1-1.noarch.rpm | cpio -id --quiet", [], unpacked);
        return Path.Combine(unpacked, "boot/vmlinuz.efi");
    }
}
