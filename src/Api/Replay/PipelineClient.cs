using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Pipeline.Api.Replay;

/// <summary>
/// A small client of the HTTP API. Every method throws <see cref="PipelineRequestException"/> where the server refuses, and
/// <see cref="OperationCanceledException"/> only for the caller's own token. Owns its <see cref="HttpClient"/>.
/// </summary>
/// <param name="http">With the server's address as base, and what authorizes.</param>
/// <param name="clock">Paces polling and reconnecting.</param>
public sealed class PipelineClient(HttpClient http, TimeProvider? clock = null) : IDisposable
{
    /// <summary>How long captions are reconnected to a server that does not answer: a restart takes seconds.</summary>
    private static readonly TimeSpan LongestOutage = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReconnectPause = TimeSpan.FromSeconds(1);

    private readonly TimeProvider clock = clock ?? TimeProvider.System;

    /// <param name="apiKey">Null or empty sends none.</param>
    public static PipelineClient Connect(Uri server, string? apiKey)
    {
        // No timeout: captions last as long as the meeting, and a whole recording may be slow. The caller's token ends a wait.
        var http = new HttpClient { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        if (!string.IsNullOrEmpty(apiKey)) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
        return new PipelineClient(http);
    }

    /// <returns>The meeting, with the address that its packets go to.</returns>
    public Task<MeetingInfo> CreateMeetingAsync(NewMeeting meeting, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, "/v1/meetings", JsonContent.Create(meeting, ReplayJson.Default.NewMeeting), ReplayJson.Default.MeetingInfo, ct);

    public async Task AddTracksAsync(string meetingId, IReadOnlyList<NewTrack> tracks, CancellationToken ct)
    {
        var content = JsonContent.Create(tracks, ReplayJson.Default.IReadOnlyListNewTrack);
        using var answer = await SendAsync(HttpMethod.Post, $"{Path(meetingId)}/tracks", content, ct);
    }

    public Task<MeetingInfo> GetMeetingAsync(string meetingId, CancellationToken ct) =>
        SendAsync(HttpMethod.Get, Path(meetingId), null, ReplayJson.Default.MeetingInfo, ct);

    public async Task StopMeetingAsync(string meetingId, CancellationToken ct)
    {
        using var answer = await SendAsync(HttpMethod.Post, $"{Path(meetingId)}/stop", null, ct);
    }

    /// <returns>The meeting once it is completed or failed.</returns>
    public async Task<MeetingInfo> WaitUntilOverAsync(string meetingId, CancellationToken ct)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(250), clock);
        while (true)
        {
            var meeting = await GetMeetingAsync(meetingId, ct);
            if (meeting.IsOver) return meeting;
            await tick.WaitForNextTickAsync(ct);
        }
    }

    /// <summary>
    /// Every revision of every caption, the past ones first; ends when the meeting is over. A broken connection is taken up
    /// again after the last event that arrived, so that a restart of the server loses none.
    /// </summary>
    /// <param name="lastEventId">Where to go on; null: from the beginning.</param>
    public async IAsyncEnumerable<CaptionEvent> CaptionsAsync(
        string meetingId, string? lastEventId = null, [EnumeratorCancellation] CancellationToken ct = default)
    {
        long lostAt = clock.GetTimestamp();
        while (true)
        {
            await using var connection = await TryListenAsync(meetingId, lastEventId, clock.GetElapsedTime(lostAt) < LongestOutage, ct);
            while (connection is not null && await connection.TryReadAsync())
            {
                var item = connection.Event;
                if (item.EventType == "end") yield break;
                if (!string.IsNullOrEmpty(item.EventId)) lastEventId = item.EventId;
                if (item.EventType == "caption") yield return new CaptionEvent(item.EventId, ParseCaption(item.Data));
                lostAt = clock.GetTimestamp();
            }
            await Task.Delay(ReconnectPause, clock, ct);
        }
    }

    /// <param name="version">"live" or "refined"; null: the best there is.</param>
    public Task<TranscriptInfo> GetTranscriptAsync(string meetingId, CancellationToken ct, string? version = null) =>
        SendAsync(HttpMethod.Get, $"{Path(meetingId)}/transcript?format=json{(version is null ? "" : $"&version={version}")}", null, ReplayJson.Default.TranscriptInfo, ct);

    /// <param name="format">"vtt", "srt", "txt" or "json".</param>
    public async Task<string> GetTranscriptTextAsync(string meetingId, string format, CancellationToken ct)
    {
        using var answer = await SendAsync(HttpMethod.Get, $"{Path(meetingId)}/transcript?format={format}", null, ct);
        return await answer.Content.ReadAsStringAsync(ct);
    }

    /// <summary>Of a meeting that is over.</summary>
    public Task<MinutesInfo> GetMinutesAsync(string meetingId, CancellationToken ct) =>
        SendAsync(HttpMethod.Get, $"{Path(meetingId)}/minutes?format=json", null, ReplayJson.Default.MinutesInfo, ct);

    /// <param name="format">"md", "html" or "json".</param>
    public async Task<string> GetMinutesTextAsync(string meetingId, string format, CancellationToken ct)
    {
        using var answer = await SendAsync(HttpMethod.Get, $"{Path(meetingId)}/minutes?format={format}", null, ct);
        return await answer.Content.ReadAsStringAsync(ct);
    }

    /// <summary>One segment, by an id that minutes name as evidence.</summary>
    public Task<SegmentInfo> GetSegmentAsync(string meetingId, string segmentId, CancellationToken ct) =>
        SendAsync(HttpMethod.Get, $"{Path(meetingId)}/transcript/segments/{Uri.EscapeDataString(segmentId)}", null, ReplayJson.Default.SegmentInfo, ct);

    /// <summary>An address that opens the meeting's page without a key, for an hour.</summary>
    public async Task<Uri> CreateViewerLinkAsync(string meetingId, CancellationToken ct) =>
        (await SendAsync(HttpMethod.Post, $"{Path(meetingId)}/viewer_tokens", null, ReplayJson.Default.ViewerLink, ct)).Url;

    /// <summary>The page's own document.</summary>
    public async Task<string> GetPageAsync(CancellationToken ct)
    {
        using var answer = await SendAsync(HttpMethod.Get, "/", null, ct);
        return await answer.Content.ReadAsStringAsync(ct);
    }

    public Task<QualityInfo> GetQualityAsync(string meetingId, CancellationToken ct) =>
        SendAsync(HttpMethod.Get, $"{Path(meetingId)}/quality", null, ReplayJson.Default.QualityInfo, ct);

    public async Task<IReadOnlyList<RecordingInfo>> GetRecordingsAsync(string meetingId, CancellationToken ct) =>
        (await SendAsync(HttpMethod.Get, $"{Path(meetingId)}/recordings", null, ReplayJson.Default.RecordingList, ct)).Data;

    /// <summary>Writes the whole content to a file, which is replaced.</summary>
    public async Task DownloadAsync(RecordingInfo recording, string file, CancellationToken ct)
    {
        using var answer = await SendAsync(HttpMethod.Get, recording.Url, null, ct);
        await using var target = File.Create(file);
        await answer.Content.CopyToAsync(target, ct);
    }

    public void Dispose() => http.Dispose();

    private static string Path(string meetingId) => $"/v1/meetings/{Uri.EscapeDataString(meetingId)}";

    private static CaptionInfo ParseCaption(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ReplayJson.Default.CaptionInfo) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new PipelineRequestException($"The server sent a caption that cannot be read: {e.Message}", e);
        }
    }

    /// <returns>Null where nothing answers, and that is tolerated.</returns>
    private async Task<CaptionConnection?> TryListenAsync(string meetingId, string? lastEventId, bool tolerant, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Path(meetingId)}/captions");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        try
        {
            var answer = await SendAsync(request, ct);
            return new CaptionConnection(answer, await answer.Content.ReadAsStreamAsync(ct), ct);
        }
        catch (PipelineRequestException e) when (tolerant && e.Status is null or HttpStatusCode.ServiceUnavailable)
        {
            return null;
        }
    }

    private async Task<T> SendAsync<T>(HttpMethod method, string path, HttpContent? content, JsonTypeInfo<T> type, CancellationToken ct)
    {
        using var answer = await SendAsync(method, path, content, ct);
        try
        {
            return await answer.Content.ReadFromJsonAsync(type, ct) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is JsonException or HttpRequestException or IOException)
        {
            throw new PipelineRequestException($"The server's answer to {method} {path} cannot be read: {e.Message}", e);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        return await SendAsync(request, ct);
    }

    /// <returns>A success, read as far as its headers. The caller disposes it.</returns>
    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        HttpResponseMessage answer;
        try
        {
            answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        }
        catch (HttpRequestException e)
        {
            throw new PipelineRequestException($"No server answers at {http.BaseAddress}: {e.Message}", e);
        }
        if (answer.IsSuccessStatusCode) return answer;
        using (answer) throw await RefusedAsync(request, answer, ct);
    }

    private static async Task<PipelineRequestException> RefusedAsync(HttpRequestMessage request, HttpResponseMessage answer, CancellationToken ct)
    {
        ProblemInfo? problem = null;
        try
        {
            if (answer.Content.Headers.ContentType?.MediaType is "application/problem+json" or "application/json")
                problem = await answer.Content.ReadFromJsonAsync(ReplayJson.Default.ProblemInfo, ct);
        }
        catch (Exception e) when (e is JsonException or HttpRequestException or IOException)
        {
            // The status says enough.
        }
        IEnumerable<string?> parts = problem is null ? [] : [problem.Detail ?? problem.Title, .. (problem.Errors ?? []).Select(e => $"{e.Member}: {e.Message}")];
        string why = string.Join("; ", parts.Where(p => !string.IsNullOrWhiteSpace(p)).Select(p => p!.TrimEnd('.')));
        string what = answer.StatusCode == HttpStatusCode.Unauthorized
            ? "The server does not accept the API key (401)"
            : $"The server refused {request.Method} {request.RequestUri} ({(int)answer.StatusCode})";
        return new PipelineRequestException(why.Length > 0 ? $"{what}: {why}." : $"{what}.", answer.StatusCode, problem);
    }

    /// <summary>One connection to the stream of captions.</summary>
    private sealed class CaptionConnection(HttpResponseMessage answer, Stream stream, CancellationToken ct) : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<SseItem<string>> items = SseParser.Create(stream).EnumerateAsync(ct).GetAsyncEnumerator(ct);

        public SseItem<string> Event => items.Current;

        /// <summary>False when the connection ended or broke.</summary>
        public async Task<bool> TryReadAsync()
        {
            try
            {
                return await items.MoveNextAsync();
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                return false;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await items.DisposeAsync();
            answer.Dispose();
        }
    }
}
