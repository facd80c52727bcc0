using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;

namespace Pipeline.TestKit;

/// <summary>A real Janus with one VideoRoom, on ports and with a configuration of its own; gone, with all it made, when disposed.</summary>
public sealed class JanusServer : IAsyncDisposable
{
    public const long Room = 1234;
    public const string Secret = "room secret", Pin = "4711", ApiSecret = "api secret";

    private readonly TemporaryFolder folder = new();
    private readonly StringBuilder output = new();
    private readonly int port = FreeTcpPort();
    private Process? process;

    public JanusServer()
    {
        if (!File.Exists(Program)) throw new FileNotFoundException("There is no Janus: run deploy/setup.sh --tests.");
        File.WriteAllText(folder["janus.jcfg"], $$"""
            general: {
                configs_folder = "{{folder.Path}}"
                plugins_folder = "{{Library("plugins")}}"
                transports_folder = "{{Library("transports")}}"
                debug_level = 3
                api_secret = "{{ApiSecret}}"
                session_timeout = 20
            }
            nat: { full_trickle = false }
            media: { ipv6 = false }
            plugins: { disable = "{{Others("plugins", "libjanus_videoroom.so")}}" }
            transports: { disable = "{{Others("transports", "libjanus_websockets.so")}}" }
            """);
        File.WriteAllText(folder["janus.transport.websockets.jcfg"], $$"""
            general: { ws = true, ws_ip = "127.0.0.1", ws_port = {{port.ToString(CultureInfo.InvariantCulture)}}, wss = false }
            admin: { admin_ws = false }
            """);
        File.WriteAllText(folder["janus.plugin.videoroom.jcfg"], $$"""
            general: { }
            room-{{Room}}: {
                description = "A meeting"
                secret = "{{Secret}}"
                pin = "{{Pin}}"
                publishers = 10
                audiocodec = "opus"
                videocodec = "vp8"
                fir_freq = 0
                record = false
            }
            """);
    }

    /// <summary>Of its WebSocket; answers once started.</summary>
    public Uri Url => new($"ws://127.0.0.1:{port}");

    /// <summary>What it printed so far.</summary>
    public string Output { get { lock (output) return output.ToString(); } }

    /// <summary>An address of this machine that is not loopback: Janus and browsers offer no other for media.</summary>
    public static IPAddress Address => NetworkInterface.GetAllNetworkInterfaces()
        .Where(n => n.OperationalStatus == OperationalStatus.Up && n.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(n => n.GetIPProperties().UnicastAddresses).Select(a => a.Address)
        .FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork)
        ?? throw new InvalidOperationException("WebRTC needs an IPv4 address that is not loopback; this machine has none.");

    private static string Program => "/usr/bin/janus";

    public async Task StartAsync()
    {
        var info = new ProcessStartInfo(Program, ["--configs-folder", folder.Path, "--config", folder["janus.jcfg"], "--disable-colors"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.Path,
        };
        process = Process.Start(info)!;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await tick.WaitForNextTickAsync())
        {
            if (process.HasExited) throw new InvalidOperationException($"Janus ended with status {process.ExitCode}:\n{Output}");
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException) { /* not listening yet */ }
        }
    }

    /// <summary>SIGKILL: nobody is told.</summary>
    public async Task KillAsync()
    {
        if (process is null) return;
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        folder.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output) output.AppendLine(line.Data);
    }

    private static string Library(string what) =>
        Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu").Select(d => Path.Combine(d, "janus", what)).FirstOrDefault(Directory.Exists)
        ?? throw new DirectoryNotFoundException($"Janus' {what} are not in /usr/lib.");

    private static string Others(string what, string than) =>
        string.Join(',', Directory.EnumerateFiles(Library(what), "*.so").Select(Path.GetFileName).Where(name => name != than));

    private static int FreeTcpPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
