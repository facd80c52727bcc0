using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Pipeline.Transcribe.Speech;
using Pipeline.Transcribe.Whisper;

namespace Pipeline.Transcribe.Endpoint;

/// <summary>What came of one request.</summary>
internal abstract record EndpointAnswer(string Reason, TimeSpan? RetryAfter = null)
{
    public sealed record Heard(RecognizeOutcome.Recognized Outcome) : EndpointAnswer("");
    /// <summary>The endpoint is not there, or takes nothing from us at present.</summary>
    public sealed record Away(string Why, TimeSpan? Wait = null) : EndpointAnswer(Why, Wait);
    /// <summary>It failed at this job.</summary>
    public sealed record Faulty(string Why) : EndpointAnswer(Why);
    /// <summary>It will never take this job.</summary>
    public sealed record Refused(string Why) : EndpointAnswer(Why);
}

/// <summary>One job as a request of OpenAI's API: a WAV file and a few fields (`multipart/form-data`), answered in `verbose_json`.</summary>
internal sealed class TranscriptionRequest : IDisposable
{
    /// <summary>Of half a minute of speech some tens of kilobytes.</summary>
    private const int MaxAnswer = 4 << 20;

    private readonly SpeechEndpointOptions options;
    private readonly TimeProvider clock;
    private readonly HttpClient client;

    public TranscriptionRequest(SpeechEndpointOptions options, HttpMessageHandler handler, TimeProvider clock)
    {
        (this.options, this.clock) = (options, clock);
        client = new HttpClient(handler) { MaxResponseContentBufferSize = MaxAnswer, Timeout = Timeout.InfiniteTimeSpan };
        if (options.Key is { } key) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>A second of silence: it says whether address, key and model are right, and costs next to nothing.</summary>
    public static WorkerMessage.Job Probe { get; } = new(0, new DecodeTask("en", null, Translate: false, IsThorough: false), new float[SpeechJob.SampleRate]);

    /// <param name="patience">How many times as long as another job it may take.</param>
    /// <exception cref="OperationCanceledException">Only where <paramref name="stop"/> is cancelled.</exception>
    public async Task<EndpointAnswer> SendAsync(WorkerMessage.Job job, int patience, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(options.Timeout * patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            using var content = Content(job);
            using var response = await client.PostAsync(new Uri($"{options.Url}/audio/{(job.Task.Translate ? "translations" : "transcriptions")}"), content, either.Token);
            byte[] body = await response.Content.ReadAsByteArrayAsync(either.Token);
            return response.IsSuccessStatusCode ? Heard(job, body) : Failed(response);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new EndpointAnswer.Away($"The speech endpoint did not answer within {options.Timeout.TotalSeconds * patience:F0} s.");
        }
        catch (HttpRequestException e)
        {
            return new EndpointAnswer.Away($"The speech endpoint cannot be reached ({e.HttpRequestError}).");
        }
    }

    public void Dispose() => client.Dispose();

    private static EndpointAnswer Heard(WorkerMessage.Job job, byte[] body)
    {
        try
        {
            string asked = job.Task.Translate ? "en" : job.Task.Language;
            return new EndpointAnswer.Heard(TranscriptionAnswer.Read(body, TimeSpan.FromSeconds((double)job.Samples.Length / SpeechJob.SampleRate), asked));
        }
        catch (InvalidDataException e)
        {
            return new EndpointAnswer.Faulty($"The speech endpoint's answer cannot be read: {e.Message}");
        }
    }

    private EndpointAnswer Failed(HttpResponseMessage response)
    {
        string status = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        return response.StatusCode switch
        {
            HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => new EndpointAnswer.Away($"The speech endpoint is busy ({status}).", Wait(response)),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new EndpointAnswer.Away($"The speech endpoint does not take the key ({status}): see PIPELINE_SPEECH_KEY."),
            HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed =>
                new EndpointAnswer.Away($"The speech endpoint has no /audio/transcriptions, or no model {options.Model} ({status}): see PIPELINE_SPEECH_URL and PIPELINE_SPEECH_MODEL."),
            >= HttpStatusCode.InternalServerError => new EndpointAnswer.Faulty($"The speech endpoint failed ({status})."),
            >= HttpStatusCode.BadRequest => new EndpointAnswer.Refused($"The speech endpoint refuses the job ({status})."),
            _ => new EndpointAnswer.Away($"The speech endpoint answers {status}, which is no transcript; redirects are not followed."),
        };
    }

    private TimeSpan? Wait(HttpResponseMessage response)
    {
        var asked = response.Headers.RetryAfter;
        var wait = asked?.Delta ?? (asked?.Date is { } date ? date - clock.GetUtcNow() : null);
        return wait is { } long_ && long_ > TimeSpan.FromMinutes(1) ? TimeSpan.FromMinutes(1) : wait;
    }

    private MultipartFormDataContent Content(WorkerMessage.Job job)
    {
        var file = new ByteArrayContent(Wave(job.Samples.Span));
        file.Headers.ContentType = new MediaTypeHeaderValue("audio/wav");
        // In quotes: not every server reads names without.
        var content = new MultipartFormDataContent { { file, "\"file\"", "\"speech.wav\"" } };
        Add("model", options.Model);
        Add("response_format", "verbose_json");
        Add("timestamp_granularities[]", "word");
        Add("timestamp_granularities[]", "segment");
        Add("temperature", "0");
        if (job.Task.Language != "auto" && !job.Task.Translate) Add("language", job.Task.Language);
        if (job.Task.Prompt is { } prompt) Add("prompt", prompt);
        return content;

        void Add(string name, string value) => content.Add(Field(value), $"\"{name}\"");
    }

    /// <summary>Without a content type: some servers take a field that has one for a file.</summary>
    private static ByteArrayContent Field(string value) => new(Encoding.UTF8.GetBytes(value));

    /// <summary>RIFF, 16-bit mono at 16 kHz.</summary>
    private static byte[] Wave(ReadOnlySpan<float> samples)
    {
        const int header = 44;
        byte[] file = new byte[header + 2 * samples.Length];
        "RIFF"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(20), 1);                 // PCM
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(22), 1);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), SpeechJob.SampleRate);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), 2 * SpeechJob.SampleRate);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(32), 2);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(34), 16);
        "data"u8.CopyTo(file.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(40), 2 * samples.Length);
        for (int n = 0; n < samples.Length; n++)
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(header + 2 * n), (short)MathF.Round(Math.Clamp(samples[n], -1, 1) * short.MaxValue));
        return file;
    }
}
