using System.Net;
using System.Security.Cryptography;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Actors.Sources.Janus;

/// <summary>
/// How streams come from Janus to this node. On one machine they come plain; else each is protected with a random key of its own, which
/// Janus is told with the request: the key says who sends, from whatever address.
/// </summary>
/// <param name="host">Where Janus sends to, as senders are told.</param>
internal sealed class JanusTerms(string host)
{
    private readonly bool isLoopback = host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>False where streams must be protected and this node cannot read such: nothing is forwarded then.</summary>
    public bool CanBeMet => isLoopback || SrtpLibrary.Supports(SrtpSuite.AesCm80, out _);

    /// <summary>A fresh key for one forwarder; null: none is needed.</summary>
    public SrtpParameters? NewKey() => isLoopback ? null : new SrtpParameters(SrtpSuite.AesCm80, RandomNumberGenerator.GetBytes(SrtpSuite.AesCm80.MasterLength), 0);

    /// <summary>What is wrong with where Janus is told to send to; null: nothing that is known.</summary>
    public string? Trouble(IPAddress janus) => isLoopback && !IPAddress.IsLoopback(janus)
        ? "Janus is on another machine and is told to send to this machine's loopback address: PIPELINE_RTP_HOST is to be set" : null;

    /// <summary>The hosts by which Janus may name this node in a list: as it is written, and what a name resolves to.</summary>
    public async Task<IReadOnlySet<string>> HostsAsync(CancellationToken ct)
    {
        var hosts = new HashSet<string> { host };
        if (IPAddress.TryParse(host, out _)) return hosts;
        try { hosts.UnionWith((await Dns.GetHostAddressesAsync(host, ct).WaitAsync(ct)).Select(a => a.ToString())); }
        catch (System.Net.Sockets.SocketException) { /* Janus may resolve what this node does not: its SSRCs tell then */ }
        return hosts;
    }

    /// <param name="feedbackPort">Where Janus takes requests for key frames; null: nowhere.</param>
    public TrackSpec Track(Forwarding what, SrtpParameters? key, int? feedbackPort, IPAddress janus) => new()
    {
        Participant = new Participant(what.Stream.Feed.Text, what.Name, "unknown"),
        Kind = what.Media.Kind,
        Source = what.Media.Source,
        Codec = what.Media.Codec,
        PayloadType = what.Media.PayloadType,
        ClockRate = what.Media.ClockRate,
        Channels = what.Media.Channels,
        Ssrc = what.Ssrc,
        From = key is null && IPAddress.TryParse(host, out var own) ? $"{own}/{own.GetAddressBytes().Length * 8}" : null,   // what is sent to loopback comes from there
        OfferedSrtp = key,
        Fetched = what.Stream,
        Feedback = feedbackPort is { } port ? new IPEndPoint(Nearest(janus), port).ToString() : null,
    };

    /// <summary>A Janus on this machine listens at all its addresses: the one it sends to is reached from wherever the node listens.</summary>
    private IPAddress Nearest(IPAddress janus) => IPAddress.IsLoopback(janus) && IPAddress.TryParse(host, out var own) ? own : janus;
}
