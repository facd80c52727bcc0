using System.Diagnostics.CodeAnalysis;
using System.Net;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Sources.Janus;

/// <summary>Which room, and where it is to be forwarded to.</summary>
/// <param name="Host">Where Janus sends to, as senders are told.</param>
/// <param name="Port">The meeting's; the one above takes RTCP.</param>
internal sealed record VideoRoomTerms(JanusId Room, string Host, int Port);

/// <summary>A connection to one room's plugin, as what can be asked of it.</summary>
internal sealed class VideoRoom : IAsyncDisposable
{
    /// <summary>As who is in the room: a publisher that never publishes is told what happens in it.</summary>
    private const string Display = "recorder";
    /// <summary>AES_CM_128_HMAC_SHA1_80, as Janus numbers it.</summary>
    private const int SrtpSuite80 = 80;

    private readonly JanusConnection connection;
    private readonly VideoRoomTerms terms;
    private readonly SourceSecrets secrets;

    private VideoRoom(JanusConnection connection, VideoRoomTerms terms, SourceSecrets secrets) =>
        (this.connection, this.terms, this.secrets) = (connection, terms, secrets);

    /// <summary>Janus' address.</summary>
    public IPAddress Peer => connection.Peer;

    /// <inheritdoc cref="JanusConnection.WaitForNewsAsync"/>
    public Task WaitForNewsAsync(CancellationToken ct) => connection.WaitForNewsAsync(ct);

    /// <inheritdoc cref="JanusConnection.TryReadNews"/>
    public bool TryReadNews([NotNullWhen(true)] out RoomNews? told) => connection.TryReadNews(out told);

    /// <inheritdoc cref="JanusConnection.Malformed"/>
    public long Malformed => connection.Malformed;

    /// <exception cref="JanusException">It cannot be. So for all below.</exception>
    public static async Task<VideoRoom> OpenAsync(IJanusDoor door, VideoRoomTerms terms, SourceSecrets secrets, TimeProvider clock, CancellationToken ct) =>
        new(await JanusConnection.OpenAsync(door, secrets.ApiSecret, clock, ct), terms, secrets);

    /// <returns>Who publishes.</returns>
    public async Task<IReadOnlyList<PublisherNews?>> JoinAsync(CancellationToken ct)
    {
        var join = new RoomRequest { Request = "join", Ptype = "publisher", Room = terms.Room, Display = Display, Pin = secrets.Pin };
        return Whole(await connection.AskAsync(join, ct), JanusFault.Pin).Publishers ?? [];
    }

    /// <returns>What is forwarded, by publisher.</returns>
    public async Task<IReadOnlyList<PublisherNews?>> ListAsync(CancellationToken ct)
    {
        var list = new RoomRequest { Request = "listforwarders", Room = terms.Room, Secret = secrets.Secret };
        return Whole(await connection.AskAsync(list, ct), JanusFault.Secret).Publishers ?? [];
    }

    /// <param name="key">SRTP master key and salt; null: plain.</param>
    /// <returns>What is forwarded now, or an error.</returns>
    public Task<RoomNews> ForwardAsync(Forwarding what, ReadOnlyMemory<byte>? key, CancellationToken ct) => connection.AskAsync(new RoomRequest
    {
        Request = "rtp_forward",
        Room = terms.Room,
        Secret = secrets.Secret,
        AdminKey = secrets.AdminKey,
        PublisherId = what.Stream.Feed,
        Host = terms.Host,
        SrtpSuite = key is null ? null : SrtpSuite80,
        SrtpCrypto = key is { } master ? Convert.ToBase64String(master.Span) : null,
        Streams =
        [
            new ForwardedMedia
            {
                Mid = what.Stream.Mid,
                Port = terms.Port,
                RtcpPort = what.Media.Kind == "video" ? terms.Port + 1 : null,
                Pt = what.Media.PayloadType,
                Ssrc = what.Ssrc,
                Simulcast = what.Media.Simulcast ? true : null,
            },
        ],
    }, ct);

    /// <summary>Harmless where the forwarder is gone.</summary>
    public Task StopAsync(RoomStep.StopForward forward, CancellationToken ct) => connection.AskAsync(new RoomRequest
    {
        Request = "stop_rtp_forward",
        Room = terms.Room,
        Secret = secrets.Secret,
        AdminKey = secrets.AdminKey,
        PublisherId = forward.Feed,
        StreamId = forward.StreamId,
    }, ct);

    /// <inheritdoc cref="JanusConnection.KeepAliveAsync"/>
    public Task KeepAliveAsync(CancellationToken ct) => connection.KeepAliveAsync(ct);

    /// <inheritdoc cref="JanusConnection.LeaveAsync"/>
    public Task LeaveAsync(CancellationToken ct) => connection.LeaveAsync(ct);

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private static RoomNews Whole(RoomNews answer, JanusFault unauthorized) => answer.ErrorCode switch
    {
        null => answer,
        JanusFault.NoSuchRoomCode => throw new JanusException(JanusFault.NoRoom),
        JanusFault.UnauthorizedCode => throw new JanusException(unauthorized),
        _ => throw new JanusException(JanusFault.Refused),
    };
}
