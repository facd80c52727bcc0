using System.Diagnostics;
using System.Net;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Mixing;
using static Pipeline.Ingest.Tests.Datagrams;
using static Pipeline.Ingest.Tests.Srtp.SrtpSenders;

namespace Pipeline.Ingest.Tests.Srtp;

/// <summary>A sender of other people's making, over a socket.</summary>
public class FfmpegSenderTests
{
    [Theory(Timeout = 120_000)]
    [InlineData("AES_CM_128_HMAC_SHA1_80")]
    [InlineData("AES_CM_128_HMAC_SHA1_32")]
    public async Task What_ffmpeg_sends_protected_is_heard(string suite)
    {
        var key = Parameters(suite);
        using var journal = new JournalFolder();
        await using var writer = journal.Open();
        var mix = new CollectingMix();
        using var pipeline = new MediaPipeline(writer, mix, speech: null);
        var socket = UdpReceiver.TryBind(IPAddress.Loopback, 0)!;
        using var loop = new MediaLoop(socket, rtcp: null, pipeline, writer, BootClock.Now);
        using var batch = new DatagramBatch();
        var track = pipeline.AddTrack(Track(srtp: key));

        await SendAsync(socket.Port, key, () => loop.Tick(batch));
        for (int n = 0; n < 10; n++) loop.Tick(batch);

        var quality = track.Quality();
        Assert.True(pipeline.HasVerified(1));
        Assert.InRange(quality.PacketsReceived, 50, 53);                             // a second in real time, and what the encoder's delay adds
        Assert.Equal((0, 0, 0), (quality.PacketsLost, pipeline.Refused()["srtp_auth"], pipeline.Refused()["srtp_replay"]));
        pipeline.Finish(loop.Now + Ms(3000));
        float[] sound = [.. mix.Samples];
        var tenths = Enumerable.Range(0, sound.Length / 4800).Select(n => sound[(4800 * n)..(4800 * (n + 1))]).ToList();
        Assert.Contains(tenths, tenth => Sound.Rms(tenth) > 0.02 && Crossings(tenth) is >= 86 and <= 90);   // 440 Hz; a stalled machine makes seams
        await writer.DisposeAsync();
        var reports = journal.Read().Records.Where(r => r.StartsWith("Rtcp ", StringComparison.Ordinal)).ToList();
        Assert.All(reports, report => Assert.Contains(" 80C8", report, StringComparison.Ordinal));
    }

    private static async Task SendAsync(int port, SrtpParameters key, Action tick)
    {
        string[] arguments =
        [
            "-v", "error", "-re", "-f", "lavfi", "-i", "sine=frequency=440:duration=1:sample_rate=48000", "-c:a", "libopus", "-payload_type", "111", "-f", "rtp",
            "-srtp_out_suite", key.Suite.Name, "-srtp_out_params", Convert.ToBase64String(key.Master.Span), $"srtp://127.0.0.1:{port}?rtcpport={port}",
        ];
        using var process = Process.Start(new ProcessStartInfo("ffmpeg", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        process.StandardInput.Close();
        var said = process.StandardError.ReadToEndAsync();
        var over = process.StandardOutput.ReadToEndAsync();
        using var time = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!over.IsCompleted && await time.WaitForNextTickAsync()) tick();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await said);
    }

    private static int Crossings(ReadOnlySpan<float> sound)
    {
        int crossings = 0;
        for (int i = 1; i < sound.Length; i++)
            if (sound[i - 1] < 0 != sound[i] < 0) crossings++;
        return crossings;
    }
}
