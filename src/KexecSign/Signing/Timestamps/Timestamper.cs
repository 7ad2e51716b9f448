using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Pins;

namespace KexecSign.Signing.Timestamps;

/// <summary>
/// Gets RFC 3161 timestamps over signatures: servers are tried in the order given, each within a deadline, all within another.
/// Only the hash of the signature leaves this machine.
/// </summary>
internal sealed class Timestamper : IDisposable
{
    // Tokens with their chain of certificates take a few KiB; a server must not fill the memory.
    private const int MaxAnswer = 256 * 1024;

    private readonly ImmutableArray<Uri> _servers;
    private readonly TimestampOptions _options;
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = MaxAnswer,
    };
    private readonly CancellationTokenSource _deadline;
    private readonly Lock _asking = new();

    private readonly ImmutableArray<X509Certificate2> _authorities;

    private Timestamper(TimestampOptions options, ImmutableArray<X509Certificate2> authorities, CancellationToken cancellation)
    {
        _options = options;
        _authorities = authorities;
        _servers = [.. options.Servers.Select(Address)];
        _deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _deadline.CancelAfter(TimeSpan.FromSeconds(options.TotalSeconds));
    }

    /// <summary>Makes one; null when no server is named.</summary>
    /// <exception cref="KexecSignException">KS3012 when a URL is none, KS3333 when nobody is trusted and nothing says that anybody will do,
    /// KS2xxx.</exception>
    public static Timestamper? For(TimestampOptions options, RunContext context)
    {
        if (options is { Unverified: true, Authorities.IsEmpty: false })
            throw OperationErrors.OptionsConflict.With(new NamedOption("tsa"), new NamedOption("tsa-unverified"));
        if (options.Servers.IsEmpty)
            return null;
        if (options is { Unverified: false, Authorities.IsEmpty: true })
            throw OperationErrors.AuthorityMissing.With();
        return new(
            options, [.. options.Authorities.SelectMany(a => context.Keyring.OpenCertificates(a, new PinOptions(), context.Cancellation))],
                context.Cancellation);
    }

    /// <summary>Gets a token over a signature.</summary>
    /// <param name="signature">The signature.</param>
    /// <param name="hash">Hash algorithm of the token's imprint.</param>
    /// <param name="context">Run context.</param>
    /// <returns>DER of the token.</returns>
    /// <exception cref="KexecSignException">KS3801 when no server gives one.</exception>
    public byte[] Stamp(byte[] signature, HashAlgorithmName hash, RunContext context)
    {
        // Images are signed several at a time; servers are asked one after the other.
        lock (_asking)
            return StampNext(signature, hash, context);
    }

    private byte[] StampNext(byte[] signature, HashAlgorithmName hash, RunContext context)
    {
        var failures = new List<string>();
        foreach (Uri server in _servers)
        {
            using IRunStep step = context.Log.Step($"timestamp from {server.Host}");
            try
            {
                return Ask(server, signature, hash);
            }
            catch (Exception failed) when (failed is HttpRequestException or CryptographicException or OperationCanceledException
                or IOException)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                failures.Add($"{server.GetLeftPart(UriPartial.Path)}: {Reason(failed)}");
                context.Log.Detail($"timestamp: {failures[^1]}");
            }
            if (_deadline.IsCancellationRequested)
                break;
        }
        throw OperationErrors.NoTimestamp.With(failures.Count, _servers.Length, string.Join("; ", failures));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _deadline.Dispose();
    }

    private byte[] Ask(Uri server, byte[] signature, HashAlgorithmName hash)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token);
        attempt.CancelAfter(TimeSpan.FromSeconds(_options.AttemptSeconds));
        // A nonce ties the answer to this question; with certificates inside, the token can be checked by itself later.
        var request = Rfc3161TimestampRequest.CreateFromHash(
            CryptographicOperations.HashData(hash, signature), hash, requestedPolicyId: null, RandomNumberGenerator.GetBytes(8),
                requestSignerCertificates: true);
        using var content = new ByteArrayContent(request.Encode());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/timestamp-query");
        using var message = new HttpRequestMessage(HttpMethod.Post, server) { Content = content };
        byte[] answer = Send(message, attempt.Token);
        Rfc3161TimestampToken token = request.ProcessResponse(answer, out _);
        if (!token.VerifySignatureForData(signature, out X509Certificate2? signer))
            throw new CryptographicException("the token's own signature does not hold");
        SignedCms cms = token.AsSignedCms();
        ImmutableArray<X509Certificate2> chain =
            AuthorityChain.Of(signer, cms.Certificates, _authorities, token.TokenInfo.Timestamp.UtcDateTime)
            ?? throw new CryptographicException(
                $"it is by {signer.Subject}, which none of the {_authorities.Length} certificate(s) of {new NamedOption("tsa")} is or "
                    + $"issued");
        // Whatever else the server packed would travel in every image.
        foreach (X509Certificate2 other in cms.Certificates.Where(c =>
            !chain.Any(link => link.RawDataMemory.Span.SequenceEqual(c.RawDataMemory.Span))))
            cms.RemoveCertificate(other);
        return cms.Encode();
    }

    private byte[] Send(HttpRequestMessage message, CancellationToken cancellation)
    {
        using HttpResponseMessage response = _client.SendAsync(message, HttpCompletionOption.ResponseContentRead, cancellation).GetAwaiter()
            .GetResult();
        return response.IsSuccessStatusCode
            ? response.Content.ReadAsByteArrayAsync(cancellation).GetAwaiter().GetResult()
            : throw new HttpRequestException($"HTTP status {(int)response.StatusCode}");
    }

    private string Reason(Exception failed) => failed switch
    {
        OperationCanceledException => _deadline.IsCancellationRequested
            ? $"no answer within the {_options.TotalSeconds} s for all timestamps"
            : $"no answer within {_options.AttemptSeconds} s",
        CryptographicException => $"no valid timestamp ({failed.Message.ReplaceLineEndings(" ")})",
        _ => failed.Message.ReplaceLineEndings(" "),
    };

    private static Uri Address(string server) =>
        Uri.TryCreate(server, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
            ? address!
            : throw OperationErrors.OptionValue.With("timestamp", server, "an http or https URL");
}
