using System.Diagnostics;
using Pipeline.Benchmarks.Load;

namespace Pipeline.Benchmarks.Peers;

/// <summary>One `gst-launch-1.0` a meeting: a port for each track, jitter buffer, Opus, mixer, AAC, MP4.</summary>
internal sealed class GStreamer : IAsyncDisposable
{
    private const string Program = "gst-launch-1.0";
    private const string Mono = "audio/x-raw,rate=48000,channels=1";
    private readonly string folder;
    private readonly List<Process> processes = [];

    private GStreamer(string folder) => this.folder = folder;

    public static bool IsInstalled => Peer.IsInstalled(Program);
    public double Cpu => processes.Sum(p => ProcessUse.Cpu(p.Id));
    public double Memory => processes.Sum(p => ProcessUse.Memory(p.Id));

    /// <param name="ports">The first of each meeting.</param>
    public static GStreamer Start(string folder, IReadOnlyList<int> ports)
    {
        var peer = new GStreamer(folder);
        for (int m = 0; m < ports.Count; m++) peer.processes.Add(Peer.Start(Program, Arguments(peer.File(m), ports[m]), Path.Combine(folder, $"gstreamer-{m}.log")));
        return peer;
    }

    /// <summary>Ends the files and looks at them.</summary>
    /// <param name="duration">For which packets came; it began before.</param>
    public async Task FinishAsync(TimeSpan duration)
    {
        foreach (var process in processes) await Peer.EndAsync(process, "INT");
        for (int m = 0; m < processes.Count; m++) await MixFile.CheckAsync(File(m), duration - TimeSpan.FromSeconds(1), TimeSpan.MaxValue);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in processes)
        {
            await Peer.EndAsync(process, "KILL");
            process.Dispose();
        }
    }

    private string File(int meeting) => Path.Combine(folder, $"gstreamer-{meeting}.mp4");

    private static string[] Arguments(string file, int port) =>
        [
            "-q", "-e",
            .. $"audiomixer name=mix ! audioconvert ! {Mono} ! avenc_aac bitrate=96000 ! mp4mux ! filesink location={file}".Split(' '),
            .. Enumerable.Range(0, Talkers.TracksEach).SelectMany(t =>
                $"udpsrc port={port + 2 * t} caps=application/x-rtp,media=audio,clock-rate=48000,encoding-name=OPUS,payload=111 ! rtpjitterbuffer ! rtpopusdepay ! opusdec ! {Mono} ! mix.".Split(' ')),
        ];
}
