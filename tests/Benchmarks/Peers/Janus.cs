using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Pipeline.Benchmarks.Load;

namespace Pipeline.Benchmarks.Peers;

/// <summary>
/// Janus with its Streaming plugin: a mountpoint a meeting takes RTP on a port a track and records it as `.mjr`, by the same recorder that VideoRoom uses, without WebRTC in
/// front of it.
/// </summary>
internal sealed class Janus : IAsyncDisposable
{
    private const string Program = "janus";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string folder;
    private readonly int meetings;
    private readonly Process process;
    private readonly HttpClient http;
    private string handle = "/janus";

    private Janus(string folder, int meetings, Process process, int port)
    {
        (this.folder, this.meetings, this.process) = (folder, meetings, process);
        http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    public static bool IsInstalled => Peer.IsInstalled(Program);
    public double Cpu => ProcessUse.Cpu(process.Id);

    /// <param name="ports">The first of each meeting.</param>
    /// <returns>It records what comes.</returns>
    public static async Task<Janus> StartAsync(string parent, IReadOnlyList<int> ports)
    {
        string folder = Directory.CreateDirectory(Path.Combine(parent, "janus")).FullName;
        int port = FreeTcpPort();
        await WriteSettingsAsync(folder, port, ports);
        var janus = new Janus(folder, ports.Count, Peer.Start(Program, ["-F", folder, "-N"], Path.Combine(folder, "janus.log")), port);
        try
        {
            await janus.AwaitReadyAsync();
            long session = await janus.SendAsync("/janus", new JsonObject { ["janus"] = "create" }, "data", "id");
            long attached = await janus.SendAsync($"/janus/{session}", new JsonObject { ["janus"] = "attach", ["plugin"] = "janus.plugin.streaming" }, "data", "id");
            janus.handle = $"/janus/{session}/{attached}";
            await janus.RecordAsync("start");
            return janus;
        }
        catch
        {
            await janus.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the recordings.</summary>
    /// <returns>Packets in their files.</returns>
    public async Task<long> FinishAsync()
    {
        await RecordAsync("stop");
        return Directory.EnumerateFiles(folder, "*.mjr").Sum(CountPackets);
    }

    public async ValueTask DisposeAsync()
    {
        await Peer.EndAsync(process, "TERM");
        process.Dispose();
        http.Dispose();
    }

    private async Task RecordAsync(string action)
    {
        for (int m = 0; m < meetings; m++)
        {
            var media = new JsonArray([.. Enumerable.Range(0, Talkers.TracksEach).Select(t =>
                (JsonNode)(action == "start" ? new JsonObject { ["mid"] = $"{t}", ["filename"] = Path.Combine(folder, $"m{m}-{t}") } : JsonValue.Create($"{t}")))]);
            var body = new JsonObject { ["request"] = "recording", ["action"] = action, ["id"] = m + 1, ["media"] = media };
            await SendAsync(handle, new JsonObject { ["janus"] = "message", ["body"] = body });
        }
    }

    private async Task<JsonNode> SendAsync(string path, JsonObject request)
    {
        request["transaction"] = "bench";
        using var answer = await http.PostAsJsonAsync(path, request);
        var said = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
        return said["error"] is null && said["plugindata"]?["data"]?["error"] is null ? said : throw new InvalidOperationException($"Janus: {said.ToJsonString()}");
    }

    private async Task<long> SendAsync(string path, JsonObject request, string member, string within) => (long)(await SendAsync(path, request))[member]![within]!;

    private async Task AwaitReadyAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (await tick.WaitForNextTickAsync(limit.Token))
        {
            if (process.HasExited) throw new InvalidOperationException($"Janus ended: {await File.ReadAllTextAsync(Path.Combine(folder, "janus.log"), limit.Token)}");
            try
            {
                using var answer = await http.GetAsync("/janus/info", limit.Token);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException) { /* not listening yet */ }
        }
    }

    private static async Task WriteSettingsAsync(string folder, int port, IReadOnlyList<int> ports)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "janus.jcfg"), """
            general: { debug_level = 3 }
            transports: { disable = "libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so,libjanus_websockets.so" }
            """);
        await File.WriteAllTextAsync(Path.Combine(folder, "janus.transport.http.jcfg"), $"general: {{ json = \"compact\"\n http = true\n port = {port}\n ip = \"127.0.0.1\"\n https = false }}");
        var mountpoints = new StringBuilder();
        for (int m = 0; m < ports.Count; m++)
        {
            var media = Enumerable.Range(0, Talkers.TracksEach).Select(t => string.Create(CultureInfo.InvariantCulture,
                $$"""{ type = "audio", mid = "{{t}}", port = {{ports[m] + 2 * t}}, pt = 111, codec = "opus" }"""));
            mountpoints.AppendLine(CultureInfo.InvariantCulture, $"m{m}: {{ type = \"rtp\", id = {m + 1}, media = ( {string.Join(", ", media)} ) }}");
        }
        await File.WriteAllTextAsync(Path.Combine(folder, "janus.plugin.streaming.jcfg"), mountpoints.ToString());
    }

    /// <summary>Of a file: a head and then, for each packet, "MEET", a time in 4 octets, a length in 2, and its bytes.</summary>
    private static long CountPackets(string file)
    {
        const int Head = 8 + 2;
        ReadOnlySpan<byte> rest = File.ReadAllBytes(file);
        rest = rest[(Head + BinaryPrimitives.ReadUInt16BigEndian(rest[8..]))..];
        long count = 0;
        for (; rest.Length >= 10 && rest.StartsWith("MEET"u8); count++)
        {
            int next = 10 + BinaryPrimitives.ReadUInt16BigEndian(rest[8..]);
            rest = rest[Math.Min(next, rest.Length)..];
        }
        return count;
    }

    private static int FreeTcpPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
