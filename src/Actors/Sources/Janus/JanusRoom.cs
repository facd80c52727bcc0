namespace Pipeline.Actors.Sources.Janus;

/// <summary>
/// A room's streams and their forwarders: what the room says and what is forwarded in, what is to be done out. No socket, no clock.
/// Every stream that is published, is enabled and can be recorded has one forwarder and one track; whatever came in whatever order,
/// and however often, nothing is doubled and nothing is left behind.
/// </summary>
/// <remarks>
/// A forwarder belongs to what was published: it goes with it, unsaid, and what is published again gets a new one, under a new SSRC and as
/// a new track. It does not belong to who asked for it: after a connection or this server was gone it may still be there, and is gone on with.
/// </remarks>
/// <param name="port">Where all is forwarded to.</param>
/// <param name="isOurs">Whether a forwarder's host is this server.</param>
/// <param name="media">What a stream is recorded as; null: it cannot be.</param>
/// <param name="newSsrc">Random, different from all that the meeting has had.</param>
/// <param name="ended">Streams whose last track was ended by somebody in an earlier life.</param>
internal sealed class JanusRoom(int port, Func<string, bool> isOurs, Func<StreamNews, FeedMedia?> media, Func<uint> newSsrc, IEnumerable<FeedStream>? ended = null)
{
    /// <summary>Forwarded at once; over it streams are left out, and counted.</summary>
    public const int MaxStreams = 256;
    private const int MaxPublishers = 1000, MaxStreamsEach = 32;
    private const int MostRefusals = 5;                                              // that the pause grows with: to 16 comparisons, five minutes
    private const int LongestId = 200, LongestName = 200, LongestMid = 64;

    private readonly Dictionary<JanusId, Publisher> publishers = [];
    private readonly Dictionary<FeedStream, Carried> carried = [];
    private readonly Dictionary<FeedStream, Refused> refused = [];                   // by Janus, for what is published now
    private readonly HashSet<FeedStream> unwanted = [.. ended ?? []];                              // their track was ended by somebody, and they stay published

    private sealed record Publisher(string Name, IReadOnlyDictionary<string, FeedMedia> Streams);

    /// <param name="Times">How often in a row.</param>
    /// <param name="Comparisons">To come before it is asked for again.</param>
    private sealed record Refused(int Times, int Comparisons);

    /// <param name="StreamId">Null until Janus has answered.</param>
    private sealed record Carried(uint Ssrc, string Codec, long? StreamId);

    /// <summary>How often a stream was left out for want of room.</summary>
    public long LeftOut { get; private set; }

    /// <summary>A stream that is published now is left out for want of room.</summary>
    public bool LeavesOut { get; private set; }

    /// <summary>Janus refused to forward a stream that is published now.</summary>
    public bool HasRefused => refused.Count > 0;

    /// <summary>How many more the meeting takes.</summary>
    public int TracksLeft { get; set; } = Meetings.Meeting.MaxTracks;

    /// <summary>What is forwarded, as far as Janus has said so.</summary>
    public IEnumerable<(FeedStream Stream, uint Ssrc, long StreamId)> Forwards =>
        carried.Where(c => c.Value.StreamId is not null).Select(c => (c.Key, c.Value.Ssrc, c.Value.StreamId!.Value));

    /// <summary>The room was entered: who publishes, what Janus forwards, and which tracks are open. All that was known before is forgotten.</summary>
    public IReadOnlyList<RoomStep> Joined(IEnumerable<PublisherNews?> publishing, IEnumerable<PublisherNews?> forwarding, IEnumerable<OpenForward> open)
    {
        publishers.Clear();
        refused.Clear();
        foreach (var publisher in publishing) Hear(publisher);
        unwanted.RemoveWhere(IsGone);
        return Compared(forwarding, open);
    }

    /// <summary>The same while it is watched: what went unsaid is put right. For when no request is under way.</summary>
    public IReadOnlyList<RoomStep> Compared(IEnumerable<PublisherNews?> forwarding, IEnumerable<OpenForward> open)
    {
        var tracks = open.ToLookup(track => track.Ssrc);
        foreach (var (stream, forward) in carried)
            if (forward.StreamId is not null && !tracks.Contains(forward.Ssrc)) unwanted.Add(stream);
        carried.Clear();
        foreach (var (stream, turned) in refused.ToArray()) refused[stream] = turned with { Comparisons = turned.Comparisons - 1 };

        List<RoomStep> steps = [];
        var kept = new HashSet<uint>();
        foreach (var (feed, forwarder) in All(forwarding))
        {
            if (forwarder.Port != port || !(tracks.Contains((uint)(forwarder.Ssrc ?? 0)) || (forwarder.Host is { } host && isOurs(host)))) continue;
            var track = tracks[(uint)(forwarder.Ssrc ?? 0)].FirstOrDefault();
            if (track is not null && track.Stream.Feed == feed && IsWanted(track.Stream, track.Codec) && !carried.ContainsKey(track.Stream))
            {
                carried[track.Stream] = new Carried(track.Ssrc, track.Codec, forwarder.StreamId);
                kept.Add(track.Ssrc);
            }
            else steps.Add(new RoomStep.StopForward(feed, forwarder.StreamId));
        }
        steps.AddRange(tracks.Where(track => !kept.Contains(track.Key)).Select(track => new RoomStep.EndTrack(track.Key)));
        steps.AddRange(Due());
        return steps;
    }

    /// <summary>Something happened in the room.</summary>
    public IReadOnlyList<RoomStep> Hear(RoomNews news)
    {
        if (news.Videoroom == "destroyed") publishers.Clear();
        foreach (var publisher in news.Publishers ?? []) Hear(publisher);
        foreach (var gone in (JanusId?[])[news.Unpublished, news.Leaving, news.Kicked])
            if (gone is { } feed) publishers.Remove(feed);
        foreach (var stream in refused.Keys.Where(IsGone).ToArray()) refused.Remove(stream);
        unwanted.RemoveWhere(IsGone);
        return Due();
    }

    /// <summary>Janus forwards it.</summary>
    public IReadOnlyList<RoomStep> Forwarded(Forwarding what, ForwarderNews forwarder)
    {
        if (!carried.TryGetValue(what.Stream, out var asked) || asked.Ssrc != what.Ssrc)
            return [new RoomStep.StopForward(what.Stream.Feed, forwarder.StreamId)];  // it went meanwhile
        carried[what.Stream] = asked with { StreamId = forwarder.StreamId };
        refused.Remove(what.Stream);
        return [new RoomStep.BeginTrack(what, forwarder.LocalRtcpPort is > 0 and <= 65535 ? forwarder.LocalRtcpPort : null)];
    }

    /// <summary>Janus does not forward it: it is asked again at a later comparison, after ever longer, or when it is published anew.</summary>
    public void NotForwarded(Forwarding what)
    {
        if (!carried.TryGetValue(what.Stream, out var asked) || asked.Ssrc != what.Ssrc) return;
        carried.Remove(what.Stream);
        int times = Math.Min(refused.GetValueOrDefault(what.Stream)?.Times + 1 ?? 1, MostRefusals);
        refused[what.Stream] = new Refused(times, 1 << (times - 1));
    }

    /// <summary>The meeting could not take its track: it is not forwarded for nothing, and tried again at the next occasion.</summary>
    public IReadOnlyList<RoomStep> NotTaken(uint ssrc)
    {
        foreach (var (stream, forward) in carried)
        {
            if (forward.Ssrc != ssrc) continue;
            carried.Remove(stream);
            return forward.StreamId is { } id ? [new RoomStep.StopForward(stream.Feed, id)] : [];
        }
        return [];
    }

    /// <summary>News as far as anything follows from them: the rest of lists that are too long is not kept.</summary>
    public static RoomNews Within(RoomNews told) => told.Publishers is not { } publishers ? told : told with
    {
        Publishers = [.. publishers.Take(MaxPublishers).Select(p => p?.Streams is { Count: > MaxStreamsEach } streams ? p with { Streams = [.. streams.Take(MaxStreamsEach)] } : p)],
    };

    /// <summary>All forwarders to this port that carry one of these SSRCs or go to this server: none may outlive the meeting.</summary>
    /// <param name="isOurs">Whether a forwarder's host is this server; also what the meeting never knew of is found by it. For as long as nobody else has the port.</param>
    public static IReadOnlyList<RoomStep.StopForward> LeftBehind(IEnumerable<PublisherNews?> forwarding, int port, IReadOnlySet<uint> ssrcs, Func<string, bool> isOurs) =>
    [
        .. All(forwarding).Where(f => f.Forwarder.Port == port && ((f.Forwarder.Ssrc is { } ssrc && ssrcs.Contains((uint)ssrc)) || (f.Forwarder.Host is { } host && isOurs(host))))
            .Select(f => new RoomStep.StopForward(f.Feed, f.Forwarder.StreamId)),
    ];

    /// <summary>From what is forwarded to what should be.</summary>
    private List<RoomStep> Due()
    {
        List<RoomStep> steps = [];
        foreach (var (stream, forward) in carried)
        {
            if (IsWanted(stream, forward.Codec)) continue;
            carried.Remove(stream);
            if (forward.StreamId is not { } id) continue;                            // stopped when Janus answers
            steps.Add(new RoomStep.EndTrack(forward.Ssrc));
            steps.Add(new RoomStep.StopForward(stream.Feed, id));
        }
        LeavesOut = false;
        foreach (var (feed, publisher) in publishers)
        {
            foreach (var (mid, what) in publisher.Streams)
            {
                var stream = new FeedStream(feed, mid);
                if (carried.ContainsKey(stream) || refused.GetValueOrDefault(stream) is { Comparisons: > 0 } || unwanted.Contains(stream)) continue;
                if (carried.Count == MaxStreams || TracksLeft == 0)
                {
                    LeftOut++;
                    LeavesOut = true;
                    continue;
                }
                TracksLeft--;
                uint ssrc = Unused();
                carried[stream] = new Carried(ssrc, what.Codec, null);
                steps.Add(new RoomStep.Forward(new Forwarding(stream, ssrc, publisher.Name, what)));
            }
        }
        return steps;
    }

    /// <summary>Somebody publishes, or what they publish has changed: the list is always whole.</summary>
    private void Hear(PublisherNews? news)
    {
        if (news?.Id is not { Text.Length: > 0 and <= LongestId } feed || feed.Text.Any(char.IsControl)) return;
        if (publishers.Count == MaxPublishers && !publishers.ContainsKey(feed)) { LeftOut++; return; }
        var streams = new Dictionary<string, FeedMedia>();
        foreach (var stream in (news.Streams ?? []).Take(MaxStreamsEach))
            if (stream is { Disabled: false, Mid.Length: > 0 and <= LongestMid } && media(stream) is { } what) streams[stream.Mid] = what;
        publishers[feed] = new Publisher(Name(news.Display, feed), streams);
    }

    private bool IsGone(FeedStream stream) => !publishers.TryGetValue(stream.Feed, out var publisher) || !publisher.Streams.ContainsKey(stream.Mid);

    private bool IsWanted(FeedStream stream, string codec) =>
        !unwanted.Contains(stream) && publishers.TryGetValue(stream.Feed, out var publisher) && publisher.Streams.TryGetValue(stream.Mid, out var what) && what.Codec == codec;

    private static IEnumerable<(JanusId Feed, ForwarderNews Forwarder)> All(IEnumerable<PublisherNews?> forwarding)
    {
        foreach (var publisher in forwarding)
            foreach (var forwarder in publisher?.Forwarders ?? [])
                if (publisher!.PublisherId is { } feed && forwarder is not null) yield return (feed, forwarder);
    }

    private uint Unused()
    {
        while (true)
        {
            uint ssrc = newSsrc();
            if (ssrc != 0 && carried.Values.All(c => c.Ssrc != ssrc)) return ssrc;   // 0 is what Janus takes for none
        }
    }

    /// <summary>Their display name as a participant may be called; the id where there is none.</summary>
    private static string Name(string? display, JanusId feed)
    {
        string name = string.Concat((display ?? "").Where(c => !char.IsControl(c))).Trim();
        if (name.Length > LongestName) name = name[..(char.IsHighSurrogate(name[LongestName - 1]) ? LongestName - 1 : LongestName)];
        return name.Length > 0 ? name : feed.Text;
    }
}
