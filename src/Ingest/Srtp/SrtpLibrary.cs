using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Pipeline.Ingest.Srtp;

/// <summary>Whether this machine can do SRTP.</summary>
public static class SrtpLibrary
{
    private static readonly Lazy<string?> Missing = new(Load);
    /// <summary>
    /// A session of each suite that was asked for, never closed: with the last one a library of ciphers below would be unloaded, and loading
    /// it again takes longer than a turn of the media loop.
    /// </summary>
    private static readonly ConcurrentDictionary<SrtpSuite, SrtpSession?> Probes = new();

    /// <summary>The first call of a process takes a tenth of a second: not one for the media loop.</summary>
    /// <param name="why">One sentence for the operator, where it cannot.</param>
    public static bool Supports(SrtpSuite suite, [NotNullWhen(false)] out string? why)
    {
        why = Missing.Value ?? (Probes.GetOrAdd(suite, Probe) is null ? $"this node's libsrtp2 was built without {suite.Name}" : null);
        return why is null;
    }

    private static string? Load()
    {
        try
        {
            int error = LibSrtp.Initialize();
            return error == LibSrtp.Ok ? null : $"this node's libsrtp2 fails its self-test with error {error}";
        }
        catch (DllNotFoundException)
        {
            return "this node has no libsrtp2: install the package libsrtp2-1 and restart";
        }
    }

    private static SrtpSession? Probe(SrtpSuite suite)
    {
        try { return SrtpSession.Create(new SrtpParameters(suite, new byte[suite.MasterLength], 0), ssrc: 1); }
        catch (InvalidOperationException) { return null; }
    }
}
