using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace Pipeline.Api.Replay;

/// <summary>This program again, as the server, in a process of its own; it ends with the demo.</summary>
internal sealed class DemoServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process process;

    private DemoServer(Process process, Uri address, string apiKey, string dataFolder, string logFile) =>
        (this.process, Address, ApiKey, DataFolder, LogFile) = (process, address, apiKey, dataFolder, logFile);

    public Uri Address { get; }
    public string ApiKey { get; }
    public string DataFolder { get; }
    public string LogFile { get; }

    /// <summary>With the settings of the environment; a key is made up where none is set.</summary>
    /// <exception cref="ReplayException">It did not come up; its own words say why.</exception>
    public static async Task<DemoServer> StartAsync(CancellationToken ct)
    {
        string key = Environment.GetEnvironmentVariable("PIPELINE_API_KEY") is { Length: > 0 } set ? set : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var address = new Uri(Environment.GetEnvironmentVariable("PIPELINE_LISTEN") is { Length: > 0 } listen ? listen : "http://127.0.0.1:8080");
        string data = Path.GetFullPath(Environment.GetEnvironmentVariable("PIPELINE_DATA") is { Length: > 0 } folder ? folder : "data");
        string log = Path.Combine(data, "demo-server.log");
        Directory.CreateDirectory(data);

        // Through the shell for its redirection only: nothing in the line comes from outside but the log's path, as an argument.
        var info = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" serve > \"$1\" 2>&1 < /dev/null", Environment.ProcessPath!, log]);
        info.Environment["PIPELINE_API_KEY"] = key;
        var server = new DemoServer(Process.Start(info)!, address, key, data, log);
        try
        {
            await server.WaitUntilReadyAsync(ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public Task WaitUntilOverAsync(CancellationToken ct) => process.WaitForExitAsync(ct);

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString()])) await kill.WaitForExitAsync();
            using var limit = new CancellationTokenSource(Patience);
            try { await process.WaitForExitAsync(limit.Token); }
            catch (OperationCanceledException) { process.Kill(entireProcessTree: true); }
        }
        process.Dispose();
    }

    private async Task WaitUntilReadyAsync(CancellationToken ct)
    {
        using var http = new HttpClient { BaseAddress = Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ApiKey);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Patience);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (await tick.WaitForNextTickAsync(limit.Token))
            {
                if (process.HasExited) throw new ReplayException($"The server did not start:\n{await File.ReadAllTextAsync(LogFile, ct)}");
                try
                {
                    // Only this server takes this key: another one on the port would answer as well.
                    using var answer = await http.GetAsync("/v1/meetings?limit=1", limit.Token);
                    if (answer.IsSuccessStatusCode) return;
                }
                catch (HttpRequestException) { /* not listening yet */ }
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new ReplayException($"The server is not ready after {Patience.TotalSeconds:0} s; its log is {LogFile}.");
        }
    }
}
