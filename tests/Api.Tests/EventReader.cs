using System.Net;
using System.Text.Json;

namespace Pipeline.Api.Tests;

internal sealed record ServerSentEvent(string Name, string? Id, JsonElement Data);

/// <summary>Reads `text/event-stream`, event by event or line by line.</summary>
internal sealed class EventReader(HttpResponseMessage answer, StreamReader lines) : IAsyncDisposable
{
    public string? MediaType => answer.Content.Headers.ContentType?.ToString();

    public static async Task<EventReader> OpenAsync(HttpClient client, string path, string? lastEventId = null, string? cookie = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        if (cookie is not null) request.Headers.Add("Cookie", $"{Auth.Credential.Cookie}={cookie}");
        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return new EventReader(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
    }

    public async Task<string?> LineAsync() => await lines.ReadLineAsync();

    public async Task<ServerSentEvent> NextAsync()
    {
        string? id = null, name = null, data = null;
        while (await lines.ReadLineAsync() is { Length: > 0 } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal)) id = line[4..];
            else if (line.StartsWith("event: ", StringComparison.Ordinal)) name = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal)) data = line[6..];
            else Assert.Fail($"a line that is no field: {line}");
        }
        return new ServerSentEvent(name!, id, JsonElement.Parse(data!));
    }

    public async Task<bool> IsOverAsync() => await lines.ReadLineAsync() is null;

    public ValueTask DisposeAsync()
    {
        lines.Dispose();
        answer.Dispose();
        return ValueTask.CompletedTask;
    }
}
