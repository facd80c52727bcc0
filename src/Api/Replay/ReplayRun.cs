using System.Net;
using System.Net.Sockets;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Api.Replay;

/// <summary>What <c>pipeline replay</c> was asked for; the command's help says what each means.</summary>
public sealed record ReplayOptions
{
    public required IReadOnlyList<string> Paths { get; init; }
    public required Uri Server { get; init; }
    public string? ApiKey { get; init; }
    public string? Meeting { get; init; }
    public string? Title { get; init; }
    public IReadOnlyList<string> Participants { get; init; } = [];
    public bool Video { get; init; }
    public double Speed { get; init; } = 1;
    public NetworkConditions Network { get; init; } = NetworkConditions.Perfect;
    public SrtpSuite? Srtp { get; init; }
    public bool Stop { get; init; }
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(10);
    public bool Captions { get; init; }
    public string? Log { get; init; }
}

/// <summary>One run of <c>pipeline replay</c>: open the source, announce it, send it, and see the meeting through.</summary>
public static class ReplayRun
{
    private const int Failed = 1, Interrupted = 130;
    /// <summary>How long the last captions may come after a meeting is completed.</summary>
    private static readonly TimeSpan LastCaptions = TimeSpan.FromSeconds(10);

    /// <returns>The process's exit code: 0 when all went well, 130 when cancelled, else 1 with one sentence on <paramref name="error"/>.</returns>
    public static async Task<int> RunAsync(ReplayOptions options, TextWriter output, TextWriter error, CancellationToken ct, TimeProvider? clock = null)
    {
        try
        {
            return await ReplayAsync(options, output, clock ?? TimeProvider.System, ct);
        }
        catch (Exception e) when (e is ReplayException or PipelineRequestException)
        {
            await error.WriteLineAsync(e.Message);
            return Failed;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await error.WriteLineAsync("Interrupted.");
            return Interrupted;
        }
    }

    private static async Task<int> ReplayAsync(ReplayOptions options, TextWriter output, TimeProvider clock, CancellationToken ct)
    {
        var source = ReplaySource.Open(options.Paths, options.Network.Seed, options.Video);
        if (options.Participants.Count > 0) source = source.Of(options.Participants);
        if (options.Srtp is { } suite) source = source.Protected(suite);
        await PlayAsync(source, options, output, clock, ct);
        return 0;
    }

    /// <summary>Announces the source, sends it, and sees the meeting through.</summary>
    /// <returns>The meeting's id.</returns>
    /// <exception cref="ReplayException">The meeting failed, or something else that one sentence explains.</exception>
    /// <exception cref="PipelineRequestException">The server refused.</exception>
    public static async Task<string> PlayAsync(ReplaySource source, ReplayOptions options, TextWriter output, TimeProvider clock, CancellationToken ct)
    {
        var session = new ReplaySession(source, options.Network, clock);
        await using var log = options.Log is null ? null : OpenLog(options.Log);   // before anything is sent that could not be written down
        using var client = PipelineClient.Connect(options.Server, options.ApiKey);

        var (meeting, ingest) = await AnnounceAsync(client, source, options, ct);
        await output.WriteLineAsync(
            $"Meeting {meeting} at {ingest}: {string.Join(", ", source.Streams.Select(s => s.Participant.Name).Distinct())}, {source.Duration.TotalSeconds:F1} s.");

        using var listening = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var captions = options.Captions ? PrintCaptionsAsync(client, meeting, output, listening.Token) : Task.CompletedTask;
        try
        {
            var sent = await session.RunAsync(ingest, options.Speed, ct);
            if (log is not null) sent.Write(log, meeting);
            await output.WriteLineAsync(Summary(sent, session.Network.Statistics, meeting));
            ct.ThrowIfCancellationRequested();
            if (options.Stop)
            {
                await StopAsync(client, meeting, options.LongestWait, output, clock, ct);
                listening.CancelAfter(LastCaptions);
            }
            await captions;
        }
        finally
        {
            await listening.CancelAsync();
        }
        return meeting;
    }

    private static FileStream OpenLog(string path)
    {
        try
        {
            return File.Create(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ReplayException($"The log cannot be written: {e.Message}", e);
        }
    }

    private static async Task<(string Meeting, IPEndPoint Ingest)> AnnounceAsync(
        PipelineClient client, ReplaySource source, ReplayOptions options, CancellationToken ct)
    {
        List<NewTrack> tracks = [.. source.Streams.Select(s => s.ToTrack())];
        MeetingInfo meeting;
        if (options.Meeting is { } existing)
        {
            await client.AddTracksAsync(existing, tracks, ct);
            meeting = await client.GetMeetingAsync(existing, ct);
        }
        else
        {
            meeting = await client.CreateMeetingAsync(new NewMeeting { Title = options.Title ?? source.Title, Tracks = tracks }, ct);
        }
        if (meeting.Ingest is not { Port: > 0 and < 65536 } ingest) throw new ReplayException($"Meeting {meeting.Id} has no address to send to: it is {meeting.Status}.");
        return (meeting.Id, await ResolveAsync(ingest, ct));
    }

    private static async Task<IPEndPoint> ResolveAsync(IngestInfo ingest, CancellationToken ct)
    {
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(ingest.Host, ct);
            // "localhost" is both; a recorder that binds one of them binds IPv4.
            return new IPEndPoint(Array.Find(addresses, a => a.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0], ingest.Port);
        }
        catch (Exception e) when (e is SocketException or ArgumentException or IndexOutOfRangeException)
        {
            throw new ReplayException($"The meeting's address {ingest.Host} is not known here: {e.Message}", e);
        }
    }

    private static async Task StopAsync(
        PipelineClient client, string meeting, TimeSpan longest, TextWriter output, TimeProvider clock, CancellationToken ct)
    {
        await client.StopMeetingAsync(meeting, ct);
        using var limit = new CancellationTokenSource(longest, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            var over = await client.WaitUntilOverAsync(meeting, either.Token);
            await output.WriteLineAsync($"Meeting {meeting} is {over.Status} after {over.DurationMs / 1000.0:F1} s.");
            if (over.Status == "failed") throw new ReplayException($"Meeting {meeting} failed: {over.Reason ?? "no reason was given"}.");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new ReplayException($"Meeting {meeting} was stopped but is not completed after {longest.TotalSeconds:F0} s.");
        }
    }

    private static async Task PrintCaptionsAsync(PipelineClient client, string meeting, TextWriter output, CancellationToken ct)
    {
        try
        {
            await foreach (var (_, caption) in client.CaptionsAsync(meeting, null, ct))
                if (caption is { Final: true, Text.Length: > 0 }) await output.WriteLineAsync(Line(caption));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Whoever cancels says why.
        }
    }

    /// <returns>"[00:07.5] Laura: Good morning everyone."</returns>
    internal static string Line(CaptionInfo caption)
    {
        long tenths = caption.StartMs / 100;
        return $"[{tenths / 600:D2}:{tenths / 10 % 60:D2}.{tenths % 10}] {caption.Participant.Name}: {caption.Text}";
    }

    private static string Summary(SendLog log, ImpairmentStatistics network, string meeting)
    {
        var last = log.Packets.Count > 0 ? log.Packets[^1].Sent ?? log.Started : log.Started;
        double seconds = log.Complete ? (log.Source.Duration / log.Speed).TotalSeconds : (last - log.Started).TotalSeconds;
        string reordered = log.Complete ? $", {network.Reordered} reordered" : "";
        return $"Sent {log.Count(DeliveryKind.Sent)} packets in {seconds:F1} s: {log.Count(DeliveryKind.Lost)} lost on purpose, "
            + $"{log.Count(DeliveryKind.Duplicate)} duplicated{reordered}. Meeting {meeting}.";
    }
}
