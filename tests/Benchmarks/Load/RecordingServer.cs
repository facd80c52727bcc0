using System.Globalization;
using Pipeline.Api.Replay;
using Pipeline.TestKit;
using Pipeline.TestKit.Audio;

namespace Pipeline.Benchmarks.Load;

/// <summary>The server as a user runs it, in a process of its own, with meetings on it; what is said of it comes from the kernel, the sender and `ffprobe`.</summary>
internal sealed class RecordingServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private readonly PipelineServer server;
    private readonly List<MeetingInfo> meetings = [];

    private RecordingServer(PipelineServer server) => this.server = server;

    public int[] Ports => [.. meetings.Select(m => m.Ingest!.Port)];
    public int ProcessId => server.ProcessId;
    /// <summary>Encoders of live mixes.</summary>
    public IReadOnlyList<int> Encoders => ProcessUse.Children(ProcessId, "ffmpeg");

    public static async Task<RecordingServer> StartAsync() => new(await PipelineServer.StartAsync(2 * Talkers.Meetings + 20, ("PIPELINE_MODEL", null)));

    /// <summary>Meetings without captions.</summary>
    /// <param name="outputs">"mix", "tracks".</param>
    public async Task CreateAsync(int count, bool withTracks, params string[] outputs)
    {
        for (int m = 0; m < count; m++)
        {
            IReadOnlyList<NewTrack> tracks = withTracks ? Tracks(meetings.Count) : [];
            meetings.Add(await server.Client.CreateMeetingAsync(new NewMeeting { Outputs = outputs, Captions = false, Minutes = false, Tracks = tracks }, default));
        }
    }

    public async Task AddTracksAsync()
    {
        for (int m = 0; m < meetings.Count; m++) await server.Client.AddTracksAsync(meetings[m].Id, Tracks(m), default);
    }

    /// <summary>Compares what the server says it received with what was sent, once the last packets are in.</summary>
    /// <returns>Packets sent that were not received.</returns>
    /// <exception cref="InvalidDataException">A packet was refused.</exception>
    public async Task<long> MissingAsync(IReadOnlyDictionary<uint, long> sent)
    {
        await ReadAsync();                                                           // a reading is up to a second old
        await Task.Delay(TimeSpan.FromSeconds(3));
        var quality = await ReadAsync();
        return Enumerable.Range(0, meetings.Count).Sum(m => Missing(m, quality[m], sent));

        async Task<List<QualityInfo>> ReadAsync()
        {
            var all = new List<QualityInfo>();
            foreach (var meeting in meetings) all.Add(await server.Client.GetQualityAsync(meeting.Id, default));
            return all;
        }
    }

    /// <summary>Ends all meetings and looks at their mixes; others may be created then.</summary>
    /// <exception cref="InvalidDataException">A mix is not a whole file with sound.</exception>
    public async Task FinishAsync()
    {
        foreach (var meeting in meetings) await server.Client.StopMeetingAsync(meeting.Id, default);
        using var limit = new CancellationTokenSource(Patience);
        foreach (var meeting in meetings)
        {
            var over = await server.Client.WaitUntilOverAsync(meeting.Id, limit.Token);
            if (over.Status != "completed") throw new InvalidDataException($"meeting {over.Id} is {over.Status}: {over.Reason}");
            var mix = (await server.Client.GetRecordingsAsync(over.Id, limit.Token)).Single(r => r.Kind == "mix");
            await CheckAsync(over, mix);
        }
        meetings.Clear();
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private static long Missing(int meeting, QualityInfo quality, IReadOnlyDictionary<uint, long> sent)
    {
        if (quality.Refused.Values.Sum() > 0)
            throw new InvalidDataException($"meeting {meeting} refused packets: {string.Join(", ", quality.Refused.Where(r => r.Value > 0).Select(r => $"{r.Value} {r.Key}"))}");
        long missing = 0;
        for (int t = 0; t < Talkers.TracksEach; t++)
        {
            var track = quality.Tracks.Single(q => q.Participant!.Id == Participant(t));
            missing += sent[Talkers.Ssrc(meeting * Talkers.TracksEach + t)] - track.PacketsReceived;
        }
        return missing;
    }

    private async Task CheckAsync(MeetingInfo meeting, RecordingInfo mix)
    {
        string path = Path.GetTempFileName();
        try
        {
            await server.Client.DownloadAsync(mix, path, default);
            await MixFile.CheckAsync(path, TimeSpan.FromMilliseconds(meeting.DurationMs - 50), TimeSpan.FromMilliseconds(meeting.DurationMs + 50));
        }
        finally { File.Delete(path); }
    }

    private static NewTrack[] Tracks(int meeting) =>
        [.. Enumerable.Range(0, Talkers.TracksEach).Select(t => new NewTrack
        {
            Participant = new NewParticipant(Participant(t), $"Participant {t}", "granted"),
            Kind = "audio",
            Codec = "opus",
            PayloadType = 111,
            Ssrc = Talkers.Ssrc(meeting * Talkers.TracksEach + t),
            HeaderExtensions = new Dictionary<string, string> { ["1"] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level" },
        })];

    private static string Participant(int track) => string.Create(CultureInfo.InvariantCulture, $"p{track}");
}

/// <summary>What `ffprobe` and a decoder say of a mix.</summary>
internal static class MixFile
{
    /// <exception cref="InvalidDataException">It is not AAC of that length, or has no sound.</exception>
    public static async Task CheckAsync(string path, TimeSpan shortest, TimeSpan longest)
    {
        var file = await Ffprobe.ReadAsync(path);
        if (file.Audio.Codec != "aac" || file.Duration < shortest || file.Duration > longest)
            throw new InvalidDataException($"a mix is {file.Audio.Codec} of {file.Duration}, and should be AAC of {shortest} to {longest}");
        float[] pcm = await FfmpegDecode.ToFloatAsync(path, sampleRate: 8000);
        double power = pcm.Average(sample => (double)sample * sample);
        if (power < 1e-6) throw new InvalidDataException("a mix is silent");
    }
}
