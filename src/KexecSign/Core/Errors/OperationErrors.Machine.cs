using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>OpenSSL is missing.</summary>
    internal static readonly ErrorCode NoOpenSsl = new(
        "KS5010", "this machine has no OpenSSL that can be loaded ({0}); hashes and signatures are computed by it.",
        "Install it: libssl3 on Debian 12, libssl3t64 on Debian 13 and Ubuntu 24.04, openssl-libs on Fedora.");

    /// <summary>OpenSSL without a provider that computes.</summary>
    internal static readonly ErrorCode OpenSslWithoutAlgorithms = new(
        "KS5028", "this machine's OpenSSL computes no {0}: no provider that has it is active{1}.",
        "Activate the default provider in OpenSSL's configuration, or a FIPS module that is installed; the variable OPENSSL_CONF names "
            + "another configuration.");
}
