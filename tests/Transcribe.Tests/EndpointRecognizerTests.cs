using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Transcribe.Endpoint;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Tests;

/// <summary>A speech server on another machine: asked rightly, and waited for when it is not there.</summary>
public sealed class EndpointRecognizerTests
{
    private const string Heard = """{"language":"english","text":"yes","words":[{"word":"yes","start":0.1,"end":0.4}]}""";
    private static readonly SpeechJob Job = new(new float[8000], "en") { Prompt = "Alice." };

    [Fact]
    public async Task A_job_is_a_wav_file_with_what_is_asked_of_it_and_its_answer_words()
    {
        var server = new ScriptedServer();
        await using var recognizer = Start(server);
        var heard = Assert.IsType<RecognizeOutcome.Recognized>(await recognizer.RecognizeAsync(Job, default));
        Assert.Equal(("yes", "en"), (heard.Words[0].Text, heard.Language));
        Assert.Equal(new SpeechEngine("gpu.example", "large", ""), recognizer.Engine);

        var asked = server.Asked.Last();
        Assert.Equal(("https://gpu.example/v1/audio/transcriptions", "Bearer secret"), (asked.Address, asked.Authorization));
        foreach (var (name, value) in new[] { ("model", "large"), ("language", "en"), ("prompt", "Alice."), ("response_format", "verbose_json"), ("timestamp_granularities[]", "word"), ("temperature", "0") })
            Assert.Contains($"name=\"{name}\"\r\n\r\n{value}\r\n", asked.Body, StringComparison.Ordinal);
        Assert.Contains("RIFF", asked.Body, StringComparison.Ordinal);

        await recognizer.RecognizeAsync(Job with { Language = "auto", Prompt = null }, default);
        Assert.DoesNotContain("\"language\"", server.Asked.Last().Body, StringComparison.Ordinal);
        await recognizer.RecognizeAsync(Job with { Translate = true }, default);
        Assert.Equal("https://gpu.example/v1/audio/translations", server.Asked.Last().Address);
    }

    [Fact]
    public async Task Until_it_is_there_jobs_wait_and_it_is_asked_again_after_growing_pauses()
    {
        var server = new ScriptedServer { Answer = _ => throw new HttpRequestException(HttpRequestError.ConnectionError) };
        var clock = new ManualClock();
        await using var recognizer = Start(server, clock);
        await recognizer.BecomesAsync<RecognizerStatus.Unavailable>(clock, TimeSpan.Zero);
        Assert.IsType<RecognizeOutcome.Unavailable>(await recognizer.RecognizeAsync(Job, default));

        server.Answer = _ => Ok();
        await recognizer.BecomesAsync<RecognizerStatus.Ready>(clock, TimeSpan.FromSeconds(1));
        Assert.IsType<RecognizeOutcome.Recognized>(await recognizer.RecognizeAsync(Job, default));
    }

    [Fact]
    public async Task When_it_goes_away_the_job_is_its_meetings_again_and_later_jobs_are_answered()
    {
        var server = new ScriptedServer();
        var clock = new ManualClock();
        await using var recognizer = Start(server, clock);
        await recognizer.BecomesAsync<RecognizerStatus.Ready>(clock, TimeSpan.Zero);
        server.Answer = _ => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        Assert.True(Assert.IsType<RecognizeOutcome.Failed>(await recognizer.RecognizeAsync(Job, default)).CanRetry);
        server.Answer = _ => Ok();
        while (await recognizer.RecognizeAsync(Job, default) is not RecognizeOutcome.Recognized)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }
    }

    [Fact]
    public async Task An_answer_that_never_comes_is_not_waited_for()
    {
        var server = new ScriptedServer();
        var clock = new ManualClock();
        await using var recognizer = Start(server, clock);
        await recognizer.BecomesAsync<RecognizerStatus.Ready>(clock, TimeSpan.Zero);
        server.Silent = true;
        var answer = recognizer.RecognizeAsync(Job, default);
        while (!answer.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(5);
        }
        Assert.Contains("20 s", Assert.IsType<RecognizeOutcome.Failed>(await answer).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest, 1)]
    [InlineData(HttpStatusCode.RequestEntityTooLarge, 1)]
    [InlineData(HttpStatusCode.InternalServerError, 3)]
    public async Task A_job_it_refuses_or_always_fails_at_is_given_up_and_the_next_is_answered(HttpStatusCode status, int times)
    {
        var server = new ScriptedServer();
        var clock = new ManualClock();
        await using var recognizer = Start(server, clock);
        await recognizer.BecomesAsync<RecognizerStatus.Ready>(clock, TimeSpan.Zero);
        int before = server.Asked.Count;
        server.Answer = body => body.Contains("poison", StringComparison.Ordinal) ? new HttpResponseMessage(status) : Ok();
        var answer = recognizer.RecognizeAsync(Job with { Prompt = "poison" }, default);
        while (!answer.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }
        Assert.False(Assert.IsType<RecognizeOutcome.Failed>(await answer).CanRetry);
        Assert.Equal(times, server.Asked.Count - before);
        Assert.IsType<RecognizeOutcome.Recognized>(await recognizer.RecognizeAsync(Job, default));
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, "PIPELINE_SPEECH_KEY")]
    [InlineData(HttpStatusCode.NotFound, "PIPELINE_SPEECH_URL")]
    [InlineData(HttpStatusCode.Found, "redirects")]
    public async Task What_an_operator_can_set_right_is_said_in_one_sentence_without_the_key(HttpStatusCode status, string hint)
    {
        var server = new ScriptedServer { Answer = _ => new HttpResponseMessage(status) };
        await using var recognizer = Start(server);
        var unavailable = (RecognizerStatus.Unavailable)await recognizer.BecomesAsync<RecognizerStatus.Unavailable>(null, TimeSpan.Zero);
        Assert.Contains(hint, unavailable.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", unavailable.Reason, StringComparison.Ordinal);
    }

    private static EndpointRecognizer Start(HttpMessageHandler server, TimeProvider? clock = null)
    {
        var recognizer = new EndpointRecognizer(
            new SpeechEndpointOptions { Url = "https://gpu.example/v1", Key = "secret", Model = "large" }, new TranscribeMetrics(new TestMeters()), server,
            clock ?? TimeProvider.System, NullLogger<EndpointRecognizer>.Instance);
        recognizer.Start();
        return recognizer;
    }

    private static HttpResponseMessage Ok() => new(HttpStatusCode.OK) { Content = new StringContent(Heard) };

    private sealed class ScriptedServer : HttpMessageHandler
    {
        public ConcurrentQueue<(string Address, string Authorization, string Body)> Asked { get; } = new();
        public Func<string, HttpResponseMessage> Answer { get; set; } = _ => Ok();
        public bool Silent { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string body = Encoding.Latin1.GetString(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
            Asked.Enqueue((request.RequestUri!.AbsoluteUri, request.Headers.Authorization!.ToString(), body));
            if (Silent) await Task.Delay(Timeout.Infinite, cancellationToken);
            return Answer(body);
        }
    }
}

internal static class RecognizerWaits
{
    /// <summary>Lets time go by until the recognizer is that way.</summary>
    public static async Task<RecognizerStatus> BecomesAsync<T>(this ISpeechRecognizer recognizer, ManualClock? clock, TimeSpan step) where T : RecognizerStatus
    {
        using var enough = new CancellationTokenSource(Engine.Patience);                 // only so that a broken test ends
        while (recognizer.Status is not T)
        {
            if (step > TimeSpan.Zero) clock!.Advance(step);
            await Task.Delay(5, enough.Token);
        }
        return recognizer.Status;
    }
}
