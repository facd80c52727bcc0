using System.Security.Cryptography;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Api.Replay;

/// <param name="Id">Lower-case.</param>
public sealed record ReplayParticipant(string Id, string Name)
{
    /// <summary>"laura" or "Laura" → id "laura", name "Laura".</summary>
    public static ReplayParticipant Named(string name) =>
        new(name.ToLowerInvariant(), string.Concat(char.ToUpperInvariant(name[0]).ToString(), name.AsSpan(1)));
}

/// <summary>One SSRC of a replay, as it is announced to the server.</summary>
public sealed record ReplayStream
{
    public required ReplayParticipant Participant { get; init; }
    /// <summary>"audio" or "video".</summary>
    public required string Kind { get; init; }
    public required string Codec { get; init; }
    public required byte PayloadType { get; init; }
    public required int ClockRate { get; init; }
    public required uint Ssrc { get; init; }
    public IReadOnlyDictionary<string, string> HeaderExtensions { get; init; } = new Dictionary<string, string>();
    /// <summary>
    /// Media time of sample 0 of the participant's reference sound (the wav, or what the microphone of a capture heard).
    /// Negative where it lies before the first packet.
    /// </summary>
    public TimeSpan Origin { get; init; }
    /// <summary>What its packets are protected with; null: they are plain.</summary>
    public SrtpParameters? Srtp { get; init; }

    public NewTrack ToTrack() => new()
    {
        Participant = new NewParticipant(Participant.Id, Participant.Name, "granted"),
        Kind = Kind,
        Codec = Codec,
        PayloadType = PayloadType,
        ClockRate = ClockRate,
        Ssrc = Ssrc,
        HeaderExtensions = HeaderExtensions.Count > 0 ? HeaderExtensions : null,
        Srtp = Srtp is { } srtp ? new NewSrtp(srtp.Suite.Name, Convert.ToBase64String(srtp.Master.Span)) : null,
    };
}

/// <param name="Stream">Index in <see cref="ReplaySource.Streams"/>.</param>
/// <param name="Time">Media time: when it should leave, since the replay began.</param>
/// <param name="Bytes">The whole datagram.</param>
public readonly record struct ReplayPacket(int Stream, TimeSpan Time, ReadOnlyMemory<byte> Bytes);

/// <summary>What a simulated SFU sends: streams, and their packets in the order of their times. Never changes; may be sent many times.</summary>
/// <param name="Title">What the meeting is called unless somebody knows better.</param>
/// <param name="Duration">From the first packet to the end of the last one's sound.</param>
public sealed record ReplaySource(string Title, IReadOnlyList<ReplayStream> Streams, IReadOnlyList<ReplayPacket> Packets, TimeSpan Duration)
{
    /// <summary>The streams of some participants (by id), all others left out.</summary>
    /// <exception cref="ReplayException">One of them is not in it.</exception>
    public ReplaySource Of(IReadOnlyCollection<string> participants)
    {
        var present = Streams.Select(s => s.Participant.Id).ToHashSet();
        var kept = participants.Select(id => id.ToLowerInvariant()).ToHashSet();
        if (kept.FirstOrDefault(id => !present.Contains(id)) is { } stranger)
            throw new ReplayException($"There is no participant '{stranger}': there are {string.Join(", ", present)}.");

        var index = new Dictionary<int, int>();
        for (int i = 0; i < Streams.Count; i++)
            if (kept.Contains(Streams[i].Participant.Id)) index.Add(i, index.Count);
        return this with
        {
            Streams = [.. index.Keys.Select(i => Streams[i])],
            Packets = [.. Packets.Where(p => index.ContainsKey(p.Stream)).Select(p => p with { Stream = index[p.Stream] })],
        };
    }

    /// <summary>The same, protected: each stream with a random key of its own.</summary>
    /// <exception cref="ReplayException">This machine cannot do the suite, or a packet cannot be protected.</exception>
    public ReplaySource Protected(SrtpSuite suite)
    {
        var streams = Streams.Select(s => s with { Srtp = new SrtpParameters(suite, RandomNumberGenerator.GetBytes(suite.MasterLength), 0) }).ToList();
        var senders = new List<SrtpSender>();
        try
        {
            foreach (var stream in streams) senders.Add(new SrtpSender(stream.Srtp!, stream.Ssrc));
            return this with { Streams = streams, Packets = [.. Packets.Select(p => p with { Bytes = senders[p.Stream].Protect(p.Bytes.Span) })] };
        }
        catch (InvalidOperationException e)
        {
            throw new ReplayException($"It cannot be sent protected: {e.Message}.", e);
        }
        finally
        {
            foreach (var sender in senders) sender.Dispose();
        }
    }

    /// <param name="paths">A capture, the JSON of a capture or of a spoken meeting, a folder of wav files, or several wav files.</param>
    /// <param name="seed">Chooses SSRCs and first numbers of streams that are made from wav files.</param>
    /// <param name="video">Whether a capture's video streams are sent too.</param>
    /// <exception cref="ReplayException">It is none of these, or damaged.</exception>
    public static ReplaySource Open(IReadOnlyList<string> paths, int seed = 1, bool video = false)
    {
        if (paths is [var only])
        {
            if (Directory.Exists(only)) return SpeechSource.FromFolder(only, seed);
            byte[] file = ReadFile(only);
            if (PcapReader.IsCapture(file)) return CaptureSource.FromCapture(only, video);
            if (LooksLikeJson(file))
                return CaptureSource.IsDescription(file) ? CaptureSource.FromDescription(only, video) : SpeechSource.FromScript(only, seed);
            if (!WavReader.IsWav(file)) throw new ReplayException($"{only} is no capture, no wav file and no JSON that describes one.");
        }
        return SpeechSource.FromFiles(paths, seed);
    }

    internal static byte[] ReadFile(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ReplayException(e is FileNotFoundException or DirectoryNotFoundException ? $"There is no file {path}." : $"{path} cannot be read: {e.Message}", e);
        }
    }

    private static bool LooksLikeJson(ReadOnlySpan<byte> file) => file.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];
}
