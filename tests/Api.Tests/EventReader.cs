using System.Net;
using System.Text.Json;

namespace Pipeline.Api.Tests;

internal sealed record StreamEvent(string Name, string? Id, JsonElement Data);

/// <summary>Reads server-sent events as they come.</summary>
internal sealed class EventReader(HttpResponseMessage answer, StreamReader lines) : IAsyncDisposable
{
    public string? MediaType => answer.Content.Headers.ContentType?.ToString();

    public static async Task<EventReader> OpenAsync(ApiServer server, string path, string? lastEventId = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        var answer = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return new EventReader(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
    }

    public async Task<string?> LineAsync() => await lines.ReadLineAsync();

    public async Task<StreamEvent> NextAsync()
    {
        string? id = null, name = null, data = null;
        while (await lines.ReadLineAsync() is { Length: > 0 } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal)) id = line[4..];
            else if (line.StartsWith("event: ", StringComparison.Ordinal)) name = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal)) data = line[6..];
            else Assert.Fail($"a line that is no field: {line}");
        }
        return new StreamEvent(name!, id, JsonElement.Parse(data!));
    }

    public async Task<bool> IsOverAsync() => await lines.ReadLineAsync() is null;

    public ValueTask DisposeAsync()
    {
        lines.Dispose();
        answer.Dispose();
        return ValueTask.CompletedTask;
    }
}
