using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Pipeline.Api.Replay;

namespace Pipeline.TestKit;

/// <summary>The real program in a process of its own, on ports and a data folder of its own; gone, with all it made, when disposed.</summary>
public sealed class PipelineServer : IAsyncDisposable
{
    public const string ApiKey = "end-to-end-key";
    private static int nextRange = 20000;

    private readonly DirectoryInfo folder;
    private readonly Dictionary<string, string?> environment;
    private readonly SmallDisk? disk;
    private readonly StringBuilder output = new();
    private Process process;

    private PipelineServer(DirectoryInfo folder, Uri address, Dictionary<string, string?> environment, SmallDisk? disk)
    {
        (this.folder, Address, this.environment, this.disk) = (folder, address, environment, disk);
        process = Launch();
        Client = PipelineClient.Connect(address, ApiKey);
        Http = new HttpClient { BaseAddress = address };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ApiKey);
    }

    public Uri Address { get; }
    public PipelineClient Client { get; }
    public HttpClient Http { get; }
    public int ProcessId => process.Id;
    public string KeysFolder => Path.Combine(folder.FullName, "keys");
    public string DataFolder => Path.Combine(folder.FullName, "data");
    /// <summary>What it printed so far.</summary>
    public string Output { get { lock (output) return output.ToString(); } }

    /// <param name="ports">How many ports the range has.</param>
    /// <param name="settings">More of the environment; null takes a variable away.</param>
    public static Task<PipelineServer> StartAsync(int ports = 20, params (string Name, string? Value)[] settings) => StartAsync(null, ports, settings);

    /// <summary>With its data on a disk of its own, which only it sees, and which is gone when it ends.</summary>
    public static Task<PipelineServer> StartAsync(SmallDisk disk) => StartAsync(disk, 20, []);

    private static async Task<PipelineServer> StartAsync(SmallDisk? disk, int ports, (string Name, string? Value)[] settings)
    {
        var folder = Directory.CreateTempSubdirectory("pipeline-test-");
        int first = FreeRange(ports);
        var environment = new Dictionary<string, string?>
        {
            ["PIPELINE_LISTEN"] = $"http://127.0.0.1:{FreeTcpPort()}",
            ["PIPELINE_DATA"] = Path.Combine(folder.FullName, "data"),
            ["PIPELINE_KEYS"] = Path.Combine(folder.FullName, "keys"),
            ["PIPELINE_API_KEY"] = ApiKey,
            ["PIPELINE_RTP_PORTS"] = $"{first}-{first + ports - 1}",
            ["PIPELINE_MODEL"] = Fixtures.Model,
            ["PIPELINE_REFINE"] = "false",       // a second pass takes the processor from what a test looks at
        };
        foreach (var (name, value) in settings) environment[name] = value;
        var server = new PipelineServer(folder, new Uri(environment["PIPELINE_LISTEN"]!), environment, disk);
        await server.WaitUntilReadyAsync();
        return server;
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: false);
        await process.WaitForExitAsync();
    }

    /// <param name="settings">What is other from then on.</param>
    public async Task RestartAsync(params (string Name, string? Value)[] settings)
    {
        foreach (var (name, value) in settings) environment[name] = value;
        process.Dispose();
        process = Launch();
        await WaitUntilReadyAsync();
    }

    /// <summary>The same program once more, with the same settings, until it ends.</summary>
    public async Task<(int Status, string Error)> RunSecondAsync()
    {
        using var second = Process.Start(Command("serve"))!;
        var output = second.StandardOutput.ReadToEndAsync();
        string error = await second.StandardError.ReadToEndAsync();
        await output;
        await second.WaitForExitAsync();
        return (second.ExitCode, error);
    }

    /// <summary>The program with other arguments and the same settings, until it ends.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> RunAsync(params string[] arguments)
    {
        using var other = Process.Start(Command(arguments))!;
        var error = other.StandardError.ReadToEndAsync();
        string output = await other.StandardOutput.ReadToEndAsync();
        await other.WaitForExitAsync();
        return other.ExitCode == 0 ? output : throw new InvalidOperationException($"{arguments[0]} ended with status {other.ExitCode}:\n{await error}");
    }

    /// <summary>Ids of the processes it started that still run.</summary>
    public IReadOnlyList<int> Children() =>
        [.. Directory.EnumerateDirectories("/proc").Select(p => int.TryParse(Path.GetFileName(p), out int id) ? id : 0).Where(id => id > 0 && Parent(id) == ProcessId)];

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Http.Dispose();
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
        process.Dispose();
        folder.Delete(recursive: true);
    }

    private static int Parent(int id)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
        }
        catch (IOException) { return 0; }                                            // it has just ended
    }

    private Process Launch()
    {
        var started = Process.Start(Command("serve"))!;
        started.OutputDataReceived += Keep;
        started.ErrorDataReceived += Keep;
        started.BeginOutputReadLine();
        started.BeginErrorReadLine();
        return started;
    }

    private ProcessStartInfo Command(params string[] arguments)
    {
        string[] command = [Path.Combine(AppContext.BaseDirectory, "pipeline"), .. arguments];
        if (disk is not null) command = disk.Holding(DataFolder, command);
        var info = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.FullName,
        };
        foreach (var (name, value) in environment) info.Environment[name] = value;
        return info;
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output) output.AppendLine(line.Data);
    }

    private async Task WaitUntilReadyAsync()
    {
        using var http = new HttpClient { BaseAddress = Address };
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        do
        {
            if (process.HasExited) throw new InvalidOperationException($"The server ended with status {process.ExitCode}:\n{Output}");
            try
            {
                using var answer = await http.GetAsync("/readyz");
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException) { /* not listening yet */ }
        }
        while (await tick.WaitForNextTickAsync());
    }

    private static int FreeTcpPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A stretch of UDP ports below the ephemeral range that nobody uses.</summary>
    private static int FreeRange(int ports)
    {
        while (true)
        {
            int first = Interlocked.Add(ref nextRange, ports + (ports & 1)) - ports - (ports & 1);
            try
            {
                foreach (int port in Enumerable.Range(first, ports))
                {
                    using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                    probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                }
                return first;
            }
            catch (SocketException) { /* the next stretch */ }
        }
    }
}
