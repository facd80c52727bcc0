using System.Net;
using Pipeline.Api.Replay;
using Pipeline.TestKit.Audio;

namespace Pipeline.EndToEnd.Tests;

/// <summary>What came of a replayed meeting: the server's answers, the sender's log, and the files decoded.</summary>
internal sealed class RecordedMeeting
{
    public const int Rate = 16000;

    public required MeetingInfo Meeting { get; init; }
    public required SendLog Log { get; init; }
    public required TranscriptInfo Transcript { get; init; }
    public required QualityInfo Quality { get; init; }
    public required IReadOnlyList<(RecordingInfo Info, MediaFile Probe)> Files { get; init; }
    /// <summary>16 kHz mono; by participant id, and "mix".</summary>
    public required IReadOnlyDictionary<string, float[]> Sound { get; init; }

    public TimeSpan StartedUnix => Meeting.StartedAt!.Value - DateTimeOffset.UnixEpoch;

    /// <summary>Plays the source into a new meeting in real time, stops it, and fetches everything that was made.</summary>
    /// <param name="enough">Ends the sending before the source ends.</param>
    public static async Task<RecordedMeeting> RecordAsync(
        PipelineServer server, ReplaySource source, NetworkConditions? network = null, Func<MeetingInfo, Task>? meanwhile = null, CancellationToken enough = default)
    {
        var meeting = await server.Client.CreateMeetingAsync(Describe(source), default);
        var sending = new ReplaySession(source, network).RunAsync(Endpoint(meeting), ct: enough);
        if (meanwhile is not null) await meanwhile(meeting);
        var log = await sending;
        await server.Client.StopMeetingAsync(meeting.Id, default);
        return await FetchAsync(server, meeting.Id, log);
    }

    public static NewMeeting Describe(ReplaySource source) =>
        new() { Title = source.Title, Language = "en", Tracks = [.. source.Streams.Select(s => s.ToTrack())] };

    public static IPEndPoint Endpoint(MeetingInfo meeting) => new(IPAddress.Parse(meeting.Ingest!.Host), meeting.Ingest.Port);

    public static async Task<RecordedMeeting> FetchAsync(PipelineServer server, string id, SendLog log)
    {
        var meeting = await server.Client.WaitUntilOverAsync(id, default);
        var files = new List<(RecordingInfo, MediaFile)>();
        var sound = new Dictionary<string, float[]>();
        var folder = Directory.CreateTempSubdirectory("pipeline-files-");
        foreach (var recording in await server.Client.GetRecordingsAsync(id, default))
        {
            string path = Path.Combine(folder.FullName, recording.Id);
            await server.Client.DownloadAsync(recording, path, default);
            files.Add((recording, await Ffprobe.ReadAsync(path)));
            string name = recording.TrackId is { } track ? meeting.Tracks.Single(t => t.Id == track).Participant.Id : recording.Kind;
            sound.Add(name, await FfmpegDecode.ToFloatAsync(path, Rate));
        }
        folder.Delete(recursive: true);
        return new RecordedMeeting
        {
            Meeting = meeting,
            Log = log,
            Files = files,
            Sound = sound,
            Transcript = await server.Client.GetTranscriptAsync(id, default),
            Quality = await server.Client.GetQualityAsync(id, default),
        };
    }

    /// <summary>By how much the reference's sound lies after <paramref name="expected"/> in the file; the peak says how sure that is.</summary>
    /// <param name="file">A participant's id, or "mix".</param>
    public (TimeSpan Off, double Peak) Locate(string file, ReadOnlySpan<float> reference, TimeSpan expected)
    {
        int at = (int)(expected.TotalSeconds * Rate), around = Rate;
        var match = Correlation.FindWithin(Sound[file], reference, at - around, at + around);
        return (TimeSpan.FromSeconds((double)(match.Offset - at) / Rate), match.Peak);
    }
}
