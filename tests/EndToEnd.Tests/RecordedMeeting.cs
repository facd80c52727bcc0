using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.Json;
using Pipeline.Api.Replay;
using Pipeline.TestKit.Audio;

namespace Pipeline.EndToEnd.Tests;

/// <summary>What came of a replayed meeting: the server's answers, the sender's log, and the files decoded.</summary>
internal sealed class RecordedMeeting
{
    public const int Rate = 16000;

    public required MeetingInfo Meeting { get; init; }
    /// <summary>Only where the sender is our own.</summary>
    [AllowNull]
    public SendLog Log { get => field ?? throw new InvalidOperationException("somebody else sent it"); init; }
    public required TranscriptInfo Transcript { get; init; }
    public required QualityInfo Quality { get; init; }
    /// <summary>Those with sound.</summary>
    public required IReadOnlyList<(RecordingInfo Info, MediaFile Probe)> Files { get; init; }
    /// <summary>Least and greatest of each 100 ms of the mix.</summary>
    public required IReadOnlyList<int[]> Waveform { get; init; }
    /// <summary>When each picture is shown, by participant id, of tracks that have pictures: decoded, and nothing was wrong with any.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<TimeSpan>> Pictures { get; init; }
    /// <summary>Thumbnails, and the waveform as a picture; each was decoded.</summary>
    public required IReadOnlyList<RecordingInfo> Stills { get; init; }
    /// <summary>16 kHz mono; by participant id, and "mix".</summary>
    public required IReadOnlyDictionary<string, float[]> Sound { get; init; }

    public TimeSpan StartedUnix => Meeting.StartedAt!.Value - DateTimeOffset.UnixEpoch;

    /// <summary>Plays the source into a new meeting in real time, stops it, and fetches everything that was made.</summary>
    /// <param name="meanwhile">Begins with the sending; told when that was, since the meeting began: on a busy machine seconds.</param>
    /// <param name="enough">Ends the sending before the source ends.</param>
    public static async Task<RecordedMeeting> RecordAsync(
        PipelineServer server, ReplaySource source, NetworkConditions? network = null, Func<MeetingInfo, TimeSpan, Task>? meanwhile = null, CancellationToken enough = default)
    {
        var meeting = await server.Client.CreateMeetingAsync(Describe(source), default);
        var session = new ReplaySession(source, network);
        var sending = session.RunAsync(Endpoint(meeting), ct: enough);
        if (meanwhile is not null) await meanwhile(meeting, await session.Began - (meeting.StartedAt!.Value - DateTimeOffset.UnixEpoch));
        var log = await sending;
        await server.Client.StopMeetingAsync(meeting.Id, default);
        return await FetchAsync(server, meeting.Id, log);
    }

    public static NewMeeting Describe(ReplaySource source) =>
        new() { Title = source.Title, Language = "en", Tracks = [.. source.Streams.Select(s => s.ToTrack())] };

    public static IPEndPoint Endpoint(MeetingInfo meeting) => new(IPAddress.Parse(meeting.Ingest!.Host), meeting.Ingest.Port);

    public static async Task<RecordedMeeting> FetchAsync(PipelineServer server, string id, SendLog? log = null)
    {
        var meeting = await server.Client.WaitUntilOverAsync(id, default);
        var files = new List<(RecordingInfo, MediaFile)>();
        var stills = new List<RecordingInfo>();
        IReadOnlyList<int[]> waveform = [];
        var sound = new Dictionary<string, float[]>();
        var pictures = new Dictionary<string, IReadOnlyList<TimeSpan>>();
        var folder = Directory.CreateTempSubdirectory("pipeline-files-");
        foreach (var recording in await server.Client.GetRecordingsAsync(id, default))
        {
            string path = Path.Combine(folder.FullName, recording.Id);
            await server.Client.DownloadAsync(recording, path, default);
            if (recording.ContentType is "image/png" or "image/jpeg")
            {
                Assert.Single(await FfmpegDecode.PicturesAsync(path));
                stills.Add(recording);
                continue;
            }
            if (recording.Kind == "waveform")
            {
                Assert.Equal(meeting.DurationMs, recording.DurationMs);
                waveform = ReadWaveform(path);
                continue;
            }
            string name = recording.TrackId is { } track ? meeting.Tracks.Single(t => t.Id == track).Participant.Id : recording.Kind;
            if (recording.ContentType is "video/webm" or "video/mp4")
            {
                Assert.InRange((await Ffprobe.ReadAsync(path)).Duration.TotalMilliseconds - meeting.DurationMs, -50, 50);
                pictures.Add(name, await FfmpegDecode.PicturesAsync(path));
                continue;
            }
            files.Add((recording, await Ffprobe.ReadAsync(path)));
            sound.Add(name, await FfmpegDecode.ToFloatAsync(path, Rate));
        }
        folder.Delete(recursive: true);
        return new RecordedMeeting
        {
            Meeting = meeting,
            Log = log,
            Files = files,
            Waveform = waveform,
            Sound = sound,
            Pictures = pictures,
            Stills = stills,
            Transcript = await server.Client.GetTranscriptAsync(id, default, "live"),
            Quality = await server.Client.GetQualityAsync(id, default),
        };
    }

    /// <summary>It is as long as the meeting, and loud where the mix is.</summary>
    public void AssertWaveform()
    {
        Assert.InRange(Waveform.Count, Meeting.DurationMs / 100 - 1, Meeting.DurationMs / 100 + 1);
        float[] mix = Sound["mix"];
        int pixels = Math.Min(Waveform.Count, mix.Length / (Rate / 10)), alike = 0;
        for (int n = 0; n < pixels; n++)
        {
            float loudest = mix.AsSpan(n * Rate / 10, Rate / 10).ToArray().Max(Math.Abs);
            int drawn = Waveform[n].Max(Math.Abs);
            if (Math.Abs(drawn / 128f - loudest) < 0.08f) alike++;                   // what AAC and a lower rate make of a peak
        }
        Assert.InRange((double)alike / pixels, 0.9, 1);
        Assert.Contains(Waveform, pixel => pixel.Max(Math.Abs) > 20);
    }

    /// <summary>By how much the reference's sound lies after <paramref name="expected"/> in the file; the peak says how sure that is.</summary>
    /// <param name="file">A participant's id, or "mix".</param>
    public (TimeSpan Off, double Peak) Locate(string file, ReadOnlySpan<float> reference, TimeSpan expected)
    {
        int at = (int)(expected.TotalSeconds * Rate), around = Rate;
        var match = Correlation.FindWithin(Sound[file], reference, at - around, at + around);
        return (TimeSpan.FromSeconds((double)(match.Offset - at) / Rate), match.Peak);
    }

    private static List<int[]> ReadWaveform(string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return [.. document.RootElement.GetProperty("data").EnumerateArray().Select(v => v.GetInt32()).Chunk(2)];
    }
}
