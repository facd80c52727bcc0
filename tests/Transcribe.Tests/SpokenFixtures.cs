using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Speech;
using Pipeline.Transcribe.Whisper;

namespace Pipeline.Transcribe.Tests;

/// <summary>Recorded speech, and what is said in it.</summary>
internal static class SpokenFixtures
{
    /// <returns>16 kHz mono.</returns>
    public static float[] Samples(string file) => WavFile.Read(Fixtures.Speech(file)).Samples;

    /// <summary>One file with all that is said in it, in order.</summary>
    public sealed record Spoken(string File, string Text, IReadOnlyList<Segment> Segments);

    public sealed record Segment(string? File, string? Speaker, double Start, double End, string Text);

    public static IReadOnlyList<Spoken> Utterances() =>
        [.. Parse<List<Segment>>("utterances.json").Select(s => new Spoken(s.File!, s.Text, [s]))];

    /// <summary>A file for each speaker of a whole meeting.</summary>
    public static IReadOnlyList<Spoken> ReleaseReview()
    {
        var meeting = Parse<Meeting>("release-review.json");
        return [.. meeting.Speakers.Select(speaker =>
        {
            Segment[] segments = [.. meeting.Segments.Where(segment => segment.Speaker == speaker.Name)];
            return new Spoken(speaker.File, string.Join(' ', segments.Select(s => s.Text)), segments);
        })];
    }

    private sealed record Meeting(IReadOnlyList<Speaker> Speakers, IReadOnlyList<Segment> Segments);

    private sealed record Speaker(string Name, string File);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private static T Parse<T>(string file) =>
        JsonSerializer.Deserialize<T>(File.ReadAllText(Fixtures.Speech(file)), Json)!;
}

/// <summary>Meters of a test's own, so that what it counts is what it did.</summary>
internal sealed class TestMeters : IMeterFactory
{
    private readonly List<Meter> meters = [];

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        meters.Add(new Meter(options));
        return meters[^1];
    }

    /// <summary>Completes when the counter has reached the value.</summary>
    public Task Reaches(string counter, long value)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        long sum = 0;
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == this && instrument.Name == counter) listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) =>
        {
            if (Interlocked.Add(ref sum, count) >= value) reached.TrySetResult();
        });
        listener.Start();
        return reached.Task;
    }

    public void Dispose() => meters.ForEach(meter => meter.Dispose());
}

/// <summary>Whisper itself with the small model; needs what `make setup` builds.</summary>
internal static class Engine
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static WhisperRecognizer Start(IMeterFactory? meters = null, string? model = null, int threads = 2)
    {
        Assert.True(File.Exists(LibWhisper.LibraryPath()), $"The speech engine {LibWhisper.LibraryPath()} is not there: run `make setup`.");
        var recognizer = new WhisperRecognizer(
            new WhisperOptions { Model = model ?? Fixtures.Model, Threads = threads }, new TranscribeMetrics(meters ?? new TestMeters()),
            new HttpClientHandler(), TimeProvider.System, NullLogger<WhisperRecognizer>.Instance);
        recognizer.Start();
        return recognizer;
    }

    public static CaptionPipeline Captions(
        ISpeechRecognizer recognizer, Action<Caption> publish, CaptionOptions? options = null, TimeProvider? clock = null, IMeterFactory? meters = null) =>
        new(recognizer, "en", publish, options ?? new CaptionOptions(), new TranscribeMetrics(meters ?? new TestMeters()),
            clock ?? TimeProvider.System, NullLogger<CaptionPipeline>.Instance);

    /// <summary>Writes as the media loop would, 20 ms at a time, only as fast as the captions take it.</summary>
    public static async Task FeedAsync(this CaptionPipeline captions, int track, float[] samples, long firstSample = 0)
    {
        for (int at = 0; at < samples.Length; at += 320)
        {
            if (at % 3200 == 0) await captions.WaitForRoomAsync(CancellationToken.None);
            captions.Write(track, firstSample + at, samples.AsSpan(at, Math.Min(320, samples.Length - at)));
        }
    }

    public static string TextOf(RecognizeOutcome outcome) =>
        string.Join(' ', Assert.IsType<RecognizeOutcome.Recognized>(outcome).Words.Select(word => word.Text));
}
