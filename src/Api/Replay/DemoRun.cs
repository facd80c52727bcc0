using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Pipeline.Api.Replay;

/// <summary>
/// Does what a meeting platform would, against a real server in a process of its own: create a meeting over HTTP, send RTP in real
/// time, read captions as they come, stop, fetch transcript, minutes and recordings, check them, and make a link for viewers.
/// </summary>
internal static class DemoRun
{
    private const int Failed = 1, Interrupted = 130;

    public static async Task<int> RunAsync(string path, bool once, TextWriter output, TextWriter error, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => { signal.Cancel = true; stop.Cancel(); });
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => { signal.Cancel = true; stop.Cancel(); });
        try
        {
            var source = ReplaySource.Open([path]);
            await using var server = await DemoServer.StartAsync(stop.Token);
            await output.WriteLineAsync($"The server runs at {server.Address} (API key {server.ApiKey}); its log is {server.LogFile}.\n");
            var link = await PlayAsync(server, source, output, stop.Token);
            if (once) return 0;

            await output.WriteLineAsync($"\nThe page is at {server.Address}: sign in with the API key above, or open the meeting without one:\n  {link}");
            await output.WriteLineAsync($"Or ask it yourself:\n  curl -H 'Authorization: Bearer {server.ApiKey}' {server.Address}v1/meetings\nCtrl-C ends the server.");
            await server.WaitUntilOverAsync(stop.Token);
            return 0;
        }
        catch (Exception e) when (e is ReplayException or PipelineRequestException)
        {
            await error.WriteLineAsync(e.Message);
            return Failed;
        }
        catch (OperationCanceledException)
        {
            return once ? Interrupted : 0;
        }
    }

    /// <returns>A link to the meeting's page.</returns>
    private static async Task<Uri> PlayAsync(DemoServer server, ReplaySource source, TextWriter output, CancellationToken ct)
    {
        var options = new ReplayOptions
        {
            Paths = [],
            Server = server.Address,
            ApiKey = server.ApiKey,
            Stop = true,
            Captions = true,
        };
        string meeting = await ReplayRun.PlayAsync(source, options, output, TimeProvider.System, ct);

        using var client = PipelineClient.Connect(server.Address, server.ApiKey);
        await output.WriteLineAsync("\nTranscript\n");
        await output.WriteAsync(await client.GetTranscriptTextAsync(meeting, "txt", ct));
        var transcript = await client.GetTranscriptAsync(meeting, ct);
        foreach (var participant in source.Streams.Select(s => s.Participant).Distinct())
            if (transcript.Segments.All(s => s.Participant.Id != participant.Id || s.Text.Length == 0))
                throw new ReplayException($"There is no caption of {participant.Name}.");

        await output.WriteLineAsync("\nMinutes\n");
        await output.WriteAsync(await client.GetMinutesTextAsync(meeting, "md", ct));

        await output.WriteLineAsync($"\nRecordings, in {Path.Combine(server.DataFolder, "meetings", meeting, "recordings")}\n");
        var recordings = await client.GetRecordingsAsync(meeting, ct);
        var tracks = (await client.GetMeetingAsync(meeting, ct)).Tracks;
        foreach (var recording in recordings)
        {
            string who = tracks.FirstOrDefault(t => t.Id == recording.TrackId)?.Participant.Name ?? "everybody";
            await CheckAsync(client, recording, ct);
            await output.WriteLineAsync($"  {recording.Kind,-8} {who,-10} {recording.DurationMs / 1000.0,6:0.0} s  {recording.Bytes,9} bytes  {recording.ContentType}  {server.Address}{recording.Url[1..]}");
        }
        if (!recordings.Any(r => r.Kind == "mix")) throw new ReplayException("There is no mix.");
        if (!recordings.Any(r => r.Kind == "waveform")) throw new ReplayException("There is no waveform.");
        if (recordings.Count(r => r.Kind == "track") < source.Streams.Count) throw new ReplayException("Not everybody has a track.");

        if (!(await client.GetPageAsync(ct)).Contains("<main", StringComparison.Ordinal)) throw new ReplayException("There is no page.");
        return await client.CreateViewerLinkAsync(meeting, ct);
    }

    /// <summary>Fetches the file and has ffmpeg decode every frame of its sound.</summary>
    private static async Task CheckAsync(PipelineClient client, RecordingInfo recording, CancellationToken ct)
    {
        string file = Path.GetTempFileName();
        try
        {
            await client.DownloadAsync(recording, file, ct);
            await using (var bytes = File.OpenRead(file))
            {
                if (Convert.ToHexStringLower(await SHA256.HashDataAsync(bytes, ct)) != recording.Sha256) throw new ReplayException($"{recording.Id} is not the file its hash says.");
            }
            if (recording.ContentType == "application/json") return;
            using var decoding = Process.Start("ffmpeg", ["-v", "error", "-xerror", "-nostdin", "-i", file, "-f", "null", "-"]);
            await decoding.WaitForExitAsync(ct);
            if (decoding.ExitCode != 0) throw new ReplayException($"{recording.Id} cannot be decoded.");
        }
        finally
        {
            File.Delete(file);
        }
    }
}
