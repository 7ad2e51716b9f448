using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>
/// A distribution's builder whose key is behind pesign's daemon, which signs for its client and for nobody else: what the client gets
/// is verified and put into the image.
/// </summary>
[Collection(nameof(CompatBench))]
public sealed class PesignDaemonTests(CompatBench bench)
{
    // The daemon gives up root, and listens at one place alone: in this mount namespace it is ours. NSS wants to write to its folder.
    // Debian's 0.112 falls over about every sixteenth request, and is started again then.
    private const string Daemon = """
        exec unshare --mount sh -ec '
        mkdir -p /run/pesign; mount -t tmpfs none /run/pesign; chown pesign: /run/pesign; chmod 755 .
        nss=$(mktemp -d); trap "rm -r $nss" EXIT
        certutil -N -d $nss --empty-password
        openssl pkcs12 -export -inkey db.key -in db.pem -name db -out daemon.p12 -passout pass:
        pk12util -i daemon.p12 -d $nss -W "" > /dev/null; chown -R pesign: $nss
        for attempt in 1 2 3 4 5 6; do
            rm -f client.p7 /run/pesign/socket
            pesign --daemonize --nofork -n $nss > /dev/null 2>&1 & daemon=$!
            for i in $(seq 100); do [ -S /run/pesign/socket ] && break; sleep 0.1; done
            pesign-client -s -c db -i image.efi -e client.p7 && done=yes || done=
            kill $daemon 2>/dev/null || true
            wait $daemon || true
            [ -n "$done" ] && exit 0
        done
        exit 1
        '
        """;

    [SkippableFact]
    public void What_the_daemons_client_gives_is_verified_and_attached()
    {
        Tool.Require("pesign", "pesign-client", "certutil", "pk12util", "unshare", "sbverify");
        Tool.Demand(Environment.UserName == "root", "a mount namespace and the daemon's user need root");
        bench.Folder.File("image.efi", TestImage.Arm64(7).Bytes);
        bench.Folder.File("other.efi", TestImage.Arm64(8).Bytes);
        Answer daemon = bench.Shell(Daemon);
        daemon.Exit.ShouldBe(0, daemon.Error);

        bench.Ours("kexecsign", "signatures", "add", "image.efi", "--signature", "client.p7", "-o", "attached.efi").Exit.ShouldBe(0);
        bench.Theirs("sbverify", "--cert", "db.pem", "attached.efi").Exit.ShouldBe(0);

        Answer wrong = bench.Ours("kexecsign", "signatures", "add", "other.efi", "--signature", "client.p7", "-o", "wrong.efi");
        wrong.Exit.ShouldBe(1, wrong.Error);
        File.Exists(bench.Folder.At("wrong.efi")).ShouldBeFalse();
    }
}
