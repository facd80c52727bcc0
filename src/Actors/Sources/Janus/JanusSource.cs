using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Actors.Sources.Janus;

/// <summary>What a source of one meeting needs.</summary>
/// <param name="Host">Where Janus is to send to, as senders are told.</param>
/// <param name="Secrets">Opens what is sealed; throws <see cref="JanusException"/> where it cannot be.</param>
/// <param name="HoldPort">Keeps a port from other meetings until it is disposed.</param>
/// <param name="TryGoOn">Has work that never faults go on after the source has ended, until the node stops; false: too much of it does.</param>
internal sealed record JanusParts(
    IJanusDoor Door, JanusId Room, string Host, Func<SourceSecrets> Secrets, TimeProvider Clock, Random Chance, ActorsMetrics Metrics, ILogger Log,
    Func<int, IDisposable> HoldPort, Func<Func<CancellationToken, Task>, bool> TryGoOn);

/// <summary>
/// Watches a room for a meeting: connects, and again whenever the connection or Janus is gone, and does what <see cref="JanusRoom"/> says.
/// One task does all of it, one event after the other; what the meeting is told goes beside it, in order.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A token source without a timer holds nothing.")]
internal sealed partial class JanusSource : IMeetingSource
{
    /// <summary>How often what is forwarded is compared with what should be; a session ends after a minute of which nothing is heard.</summary>
    private static readonly TimeSpan CompareEvery = TimeSpan.FromSeconds(20);
    /// <summary>To take back what was asked for: the meeting's end waits for it.</summary>
    private static readonly TimeSpan MaxEnd = TimeSpan.FromSeconds(5);
    /// <summary>A room that was watched for so long is entered again at once; one that puts out whoever enters, ever later.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(30);
    /// <summary>Who was put out does not come back at once.</summary>
    private static readonly TimeSpan AfterKick = TimeSpan.FromSeconds(30);
    /// <summary>Streams that are forwarded and not yet the meeting's tracks: their packets are held, of eight SSRCs at most.</summary>
    private const int MaxUnannounced = 6;

    private readonly JanusParts parts;
    private readonly ISourcedMeeting? owner;
    private readonly MeetingId id;
    private readonly int port;
    private readonly ILogger log;
    private readonly JanusTerms terms;
    private readonly JanusRoom room;
    private readonly JanusPauses pauses;
    private readonly HashSet<uint> used = [];                                        // every SSRC the meeting has had
    private readonly Dictionary<uint, TrackId> tracks = [];                          // that are open; only for those who tell the meeting
    private readonly ConcurrentQueue<uint> notTaken = new();
    private readonly CancellationTokenSource ending = new();
    private readonly Task running;
    private IReadOnlySet<string> hosts = new HashSet<string>();
    private Task telling = Task.CompletedTask;                                       // the meeting; never faults
    private int unannounced;
    private long leftOut;                                                            // as far as it is counted
    private string? trouble, toldTrouble;
    private bool mayNotForward;                                                      // as Janus answered last
    private volatile bool takesBack;
    private bool hasTakenBack;

    /// <param name="owner">Null: nothing is watched; it only takes back what an earlier life of the meeting may have left.</param>
    public JanusSource(Meeting meeting, ISourcedMeeting? owner, JanusParts parts)
    {
        (this.parts, this.owner, id, port, log) = (parts, owner, meeting.Id, meeting.Port ?? 0, parts.Log);
        terms = new JanusTerms(parts.Host);
        room = new JanusRoom(port, host => hosts.Contains(host), JanusMedia.Of, NewSsrc, Unwanted(meeting));
        pauses = new JanusPauses(parts.Chance.NextDouble);
        used.UnionWith(meeting.Tracks.Select(t => t.Track.Spec.Ssrc).OfType<uint>());
        if (owner is null)
        {
            takesBack = true;
            ending.Cancel();
        }
        running = Task.Run(RunAsync);
    }

    public async Task EndAsync()
    {
        var held = parts.HoldPort(port);
        takesBack = true;
        await ending.CancelAsync();
        await running;
        if (!hasTakenBack && !await TakeBackAsync(isHeld: true))
        {
            if (parts.TryGoOn(stopping => TakeBackLaterAsync(held, stopping))) return;
            NotTakenBack(log, id);
        }
        held.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await running;
    }

    private async Task RunAsync()
    {
        while (!ending.IsCancellationRequested)
        {
            try
            {
                await WatchAsync(ending.Token);
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested) { break; }
            catch (JanusException e) { await LostAsync(e.Fault); }
            catch (Exception e)
            {
                Broke(log, e, id);                                                   // what was known is read anew, as after a lost connection
                await LostAsync(JanusFault.Closed);
            }
        }
    }

    /// <summary>Returns by an exception only.</summary>
    private async Task WatchAsync(CancellationToken ct)
    {
        if (!terms.CanBeMet) throw new JanusException(JanusFault.NoSrtp);
        await using var janus = await OpenAsync(ct);
        try
        {
            var publishers = await janus.JoinAsync(ct);
            hosts = await terms.HostsAsync(ct);
            trouble = terms.Trouble(janus.Peer);
            var (listed, open) = await StateAsync(janus, ct);
            long began = parts.Clock.GetTimestamp();
            Watching(log, id);
            parts.Metrics.SourceWatches(1);
            try
            {
                await DoAsync(janus, room.Joined(publishers, listed, open), ct);
                await FollowAsync(janus, ct);
            }
            finally
            {
                parts.Metrics.SourceWatches(-1);
                if (parts.Clock.GetElapsedTime(began) >= Settled) pauses.Reset();
                if (janus.Malformed > 0) parts.Metrics.SourceMalformed(janus.Malformed);
            }
        }
        catch (OperationCanceledException) when (takesBack)
        {
            using var late = new CancellationTokenSource(MaxEnd, parts.Clock);
            try
            {
                await TakeBackAsync(janus, isHeld: true, late.Token);
                hasTakenBack = true;
            }
            catch (Exception e) when (e is JanusException or OperationCanceledException) { /* over another connection, then */ }
            throw;
        }
    }

    private async Task FollowAsync(VideoRoom janus, CancellationToken ct)
    {
        var compare = Task.Delay(CompareEvery, parts.Clock, ct);
        Task? some = null;
        while (true)
        {
            some ??= janus.WaitForNewsAsync(ct);
            if (await Task.WhenAny(some, compare) == some)
            {
                await some;                                                          // ends with the connection, by its exception
                some = null;
                while (janus.TryReadNews(out var told))
                {
                    await DoAsync(janus, room.Hear(told), ct);
                    if (told.Videoroom == "destroyed") throw new JanusException(JanusFault.NoRoom);
                }
            }
            else
            {
                await compare;
                await janus.KeepAliveAsync(ct);
                var (listed, open) = await StateAsync(janus, ct);
                await DoAsync(janus, room.Compared(listed, open), ct);
                compare = Task.Delay(CompareEvery, parts.Clock, ct);
            }
        }
    }

    /// <summary>What Janus forwards, and which tracks the meeting has open, while nothing is under way between them.</summary>
    private async Task<(IReadOnlyList<PublisherNews?> Listed, IReadOnlyList<OpenForward> Open)> StateAsync(VideoRoom janus, CancellationToken ct)
    {
        await telling;
        while (notTaken.TryDequeue(out uint ssrc)) room.NotTaken(ssrc);              // its forwarder is found in the list, and stopped
        var listed = await janus.ListAsync(ct);
        var meeting = await TellAsync(new MeetingCommand.SourceSeen(IsWatching: true, toldTrouble = trouble), ct);
        tracks.Clear();
        List<OpenForward> open = [];
        foreach (var track in meeting.Tracks.Select(t => t.Track).Where(t => t.EndedAt is null))
        {
            if (track.Spec is not { Fetched: { } stream, Ssrc: { } ssrc }) continue;
            tracks[ssrc] = track.Id;
            open.Add(new OpenForward(stream, ssrc, track.Spec.Codec));
        }
        used.UnionWith(meeting.Tracks.Select(t => t.Track.Spec.Ssrc).OfType<uint>());
        room.TracksLeft = Math.Max(0, Meeting.MaxTracks - meeting.Tracks.Count);
        return (listed, open);
    }

    private async Task DoAsync(VideoRoom janus, IReadOnlyList<RoomStep> steps, CancellationToken ct)
    {
        if (room.LeftOut > leftOut) parts.Metrics.SourceForwards("left_out", room.LeftOut - leftOut);
        leftOut = room.LeftOut;
        foreach (var ended in steps.OfType<RoomStep.EndTrack>()) Then(() => EndTrackAsync(ended.Ssrc, ct));
        foreach (var stop in steps.OfType<RoomStep.StopForward>()) await StopAsync(janus, stop, ct);
        foreach (var some in steps.OfType<RoomStep.Forward>().Chunk(MaxUnannounced))
        {
            if (Volatile.Read(ref unannounced) + some.Length > MaxUnannounced) await telling;
            var answers = await Task.WhenAll(some.Select(forward => ForwardAsync(janus, forward.What, ct)));
            List<TrackSpec> begun = [];
            foreach (var (what, key, forwarder) in answers)
            {
                if (forwarder is null) room.NotForwarded(what);
                else
                    foreach (var step in room.Forwarded(what, forwarder))
                        if (step is RoomStep.BeginTrack begin) begun.Add(terms.Track(what, key, begin.FeedbackPort, janus.Peer));
                        else await StopAsync(janus, (RoomStep.StopForward)step, ct);
            }
            if (begun.Count == 0) continue;
            Interlocked.Add(ref unannounced, begun.Count);
            Then(() => BeginTracksAsync(begun, ct));
        }
        trouble = terms.Trouble(janus.Peer)
            ?? (room.HasRefused ? (mayNotForward ? JanusFault.Forwarding : JanusFault.StreamRefused).Detail : room.LeavesOut ? JanusFault.LeftOut.Detail : null);
        if (trouble != toldTrouble) await TellAsync(new MeetingCommand.SourceSeen(IsWatching: true, toldTrouble = trouble), ct);
    }

    /// <returns>Without a forwarder where Janus does not forward it.</returns>
    private async Task<(Forwarding What, SrtpParameters? Key, ForwarderNews? Forwarder)> ForwardAsync(VideoRoom janus, Forwarding what, CancellationToken ct)
    {
        var key = terms.NewKey();
        var answer = await janus.ForwardAsync(what, key?.Master, ct);
        var forwarder = (answer.Forwarders ?? []).FirstOrDefault(f => f?.Port == port);
        if (forwarder is null) NotForwarded(log, id, answer.ErrorCode ?? 0);
        mayNotForward = answer.ErrorCode == JanusFault.UnauthorizedCode;
        parts.Metrics.SourceForwards(forwarder is null ? "refused" : "begun");
        return (what, key, forwarder);
    }

    private async Task StopAsync(VideoRoom janus, RoomStep.StopForward stop, CancellationToken ct)
    {
        await janus.StopAsync(stop, ct);
        parts.Metrics.SourceForwards("stopped");
    }

    private Task<VideoRoom> OpenAsync(CancellationToken ct) =>
        VideoRoom.OpenAsync(parts.Door, new VideoRoomTerms(parts.Room, parts.Host, port), parts.Secrets(), parts.Clock, ct);

    /// <summary>A stream that came back after it was unwanted has had another track since.</summary>
    private static IEnumerable<FeedStream> Unwanted(Meeting meeting) =>
        meeting.Tracks.Select(t => t.Track).Where(t => t.Spec.Fetched is not null).GroupBy(t => t.Spec.Fetched!).Where(of => of.Last().IsUnwanted).Select(of => of.Key);

    private uint NewSsrc()
    {
        uint ssrc;
        do ssrc = (uint)parts.Chance.NextInt64(1, 1L << 32);
        while (!used.Add(ssrc));
        return ssrc;
    }
}
