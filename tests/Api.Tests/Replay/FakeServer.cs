using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Pipeline.Api.Tests.Replay;

/// <summary>As much of the HTTP API as a replay talks to, with one meeting whose packets go to a sink.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    public const string Meeting = "mtg_01";
    public const string End = "event: end\ndata: {}\n\n";

    private readonly WebApplication app;
    private volatile bool stopped;

    private FakeServer(WebApplication app) => this.app = app;

    public UdpSink Sink { get; } = new();
    /// <summary>"POST /v1/meetings" and its body, in the order of arrival; GETs are left out.</summary>
    public ConcurrentQueue<(string Request, JsonElement Body)> Received { get; } = new();
    public string StatusInTheEnd { get; set; } = "completed";
    /// <summary>Answers every request in this way, when set.</summary>
    public (int Status, string Body)? Refusal { get; set; }
    public Uri Address => new(app.Urls.First());

    public static async Task<FakeServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new FakeServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    /// <summary>One event of the captions' stream; the first final one starts at 7.5 s, the others a minute apart.</summary>
    public static string Caption(int id, string segment, bool final, string text) => $$"""
        event: caption
        id: {{id}}
        data: {"id":"{{segment}}","rev":1,"final":{{(final ? "true" : "false")}},"stable_chars":0,"late":false,"participant":{"id":"laura","name":"Laura"},"track_id":"trk_1","start_ms":{{7500 + 60_000 * (id - 2)}},"end_ms":9000,"text":"{{text}}","language":"en","words":[]}


        """.ReplaceLineEndings("\n");

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        Sink.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        if (Refusal is { } refusal)
        {
            http.Response.StatusCode = refusal.Status;
            http.Response.ContentType = "application/problem+json";
            await http.Response.WriteAsync(refusal.Body);
            return;
        }
        string path = http.Request.Path;
        if (http.Request.Method == "POST")
        {
            using var reader = new StreamReader(http.Request.Body);
            string body = await reader.ReadToEndAsync();
            Received.Enqueue(($"POST {path}", body.Length > 0 ? JsonDocument.Parse(body).RootElement : default));
            stopped |= path.EndsWith("/stop", StringComparison.Ordinal);
        }
        if (path.EndsWith("/captions", StringComparison.Ordinal)) await CaptionsAsync(http);
        else if (path.EndsWith("/recordings", StringComparison.Ordinal)) await WriteAsync(http, """{"data":[{"id":"rec_1","kind":"mix","url":"/content","bytes":4}]}""");
        else if (path == "/content") await http.Response.WriteAsync("mp4!");
        else if (path.EndsWith("/transcript", StringComparison.Ordinal))
            await WriteAsync(http, """{"meeting_id":"mtg_01","segments":[{"id":"seg_1","participant":{"id":"laura","name":"Laura"},"start_ms":7500,"end_ms":8000,"text":"Good morning everyone."}]}""");
        else if (path.EndsWith("/minutes", StringComparison.Ordinal))
            await WriteAsync(http, """{"meeting_id":"mtg_01","transcript_version":"live","method":"rules","summary":[],"topics":[],"decisions":[],"action_items":[{"text":"Test it","evidence":[{"segment_id":"seg_1","start_ms":7500,"end_ms":8000}],"owner":"laura","due":"2026-04-03","due_text":null}],"open_questions":[],"participants":[{"id":"laura","name":"Laura","talk_ms":500,"words":3,"turns":1}],"note":null}""");
        else await WriteAsync(http, path.EndsWith("/tracks", StringComparison.Ordinal) ? "[]" : MeetingJson());
    }

    private string MeetingJson() => $$"""
        {"id":"{{Meeting}}","status":"{{(stopped ? StatusInTheEnd : "recording")}}","reason":"requested","duration_ms":2750,"unknown":{},
         "ingest":{"host":"127.0.0.1","port":{{Sink.Address.Port}},"rtcp":{"mux":true,"port":1} },"tracks":[]}
        """;

    private static async Task CaptionsAsync(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        await http.Response.WriteAsync(
            ": hello\n\n" + Caption(1, "seg_1", final: false, "Good") + Caption(2, "seg_1", final: true, "Good morning everyone.")
            + Caption(3, "seg_2", final: true, "") + Caption(4, "seg_3", final: true, "Welcome.") + End);
    }

    private static Task WriteAsync(HttpContext http, string json)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(json);
    }
}
