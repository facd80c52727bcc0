using System.Collections.Concurrent;
using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Tests;

public sealed class CaptionPipelineTests
{
    private static readonly float[] Speech = SpokenFixtures.Samples("utterance-04.wav");        // 2.75 s with pauses around it
    private const int Second = 16_000;

    private readonly ConcurrentQueue<Caption> published = new();
    private readonly ScriptedRecognizer recognizer = new();
    private readonly ManualClock clock = new();

    [Fact]
    public async Task Every_utterance_is_published_once_and_in_order_for_its_track()
    {
        await using var captions = Captions();
        foreach (int track in new[] { 1, 2, 3 }) captions.AddTrack(track);
        await Task.WhenAll(new[] { 1, 2, 3 }.Select(track => FeedUtterancesAsync(captions, track, count: 8)));
        Assert.True(await captions.FinishAsync(Engine.Patience));

        Assert.Equal(24, published.Count);
        foreach (var track in published.GroupBy(caption => caption.Track))
        {
            Assert.Equal(8, track.Count());
            Assert.Equal(track.OrderBy(caption => caption.Start), track);
            int n = 0;
            foreach (var caption in track) Assert.InRange(caption.Start.TotalSeconds - 10 * n++, 0.1, 0.5);
        }
    }

    [Fact]
    public async Task Silence_asks_for_nothing()
    {
        await using var captions = Captions();
        captions.AddTrack(1);
        await captions.FeedAsync(1, Sounds.WhiteNoise(30, -45, seed: 1));
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.Equal(0, recognizer.Asked);
    }

    [Fact]
    public async Task A_track_that_is_muted_in_mid_sentence_gets_its_caption_all_the_same()
    {
        var caption = new TaskCompletionSource<Caption>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var captions = Engine.Captions(recognizer, c => caption.TrySetResult(c), clock: clock);
        captions.AddTrack(1);
        await captions.FeedAsync(1, Speech[..(Second * 3 / 2)]);                 // and then nothing
        clock.Advance(new CaptionOptions().StaleAfter * 2);
        Assert.Equal(1, (await caption.Task.WaitAsync(Engine.Patience)).Track);
    }

    [Fact]
    public async Task A_pause_makes_what_is_open_final_and_the_track_goes_on_after_it()
    {
        await using var captions = Captions();
        captions.AddTrack(1);
        await captions.FeedAsync(1, Speech[..(Second * 3 / 2)]);                     // in mid sentence
        captions.PauseTrack(1);
        captions.PauseTrack(2);                                                      // nobody's
        await recognizer.AskedAtLeast(1);                                            // no time has gone by
        await captions.FeedAsync(1, Speech, 60 * Second);
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.Equal(2, published.Count);
    }

    [Fact]
    public async Task One_who_waits_for_room_in_mid_sentence_does_not_end_the_sentence()
    {
        recognizer.Hold();
        await using var captions = Captions(new CaptionOptions { MaxWaiting = TimeSpan.FromSeconds(4) });
        captions.AddTrack(1);
        await captions.FeedAsync(1, Speech[..(Second * 24 / 10)]);
        captions.EndTrack(1);
        await recognizer.AskedAtLeast(1);                                        // more than half of the bound waits
        captions.AddTrack(1);
        captions.Write(1, 10 * Second, Sounds.Silence(0.1));
        for (int at = 0; at < 3200; at += 1600) captions.Write(1, 10 * Second + 1600 + at, Speech.AsSpan(8000 + at, 1600));
        var room = captions.WaitForRoomAsync(CancellationToken.None);
        for (int n = 0; n < 10; n++) clock.Advance(TimeSpan.FromSeconds(1));
        recognizer.LetGo();
        await room;
        await captions.FeedAsync(1, Speech[11_200..], 10 * Second + 4800);
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.Equal(2, published.Count);
    }

    [Fact]
    public async Task Without_a_recognizer_it_says_so_keeps_a_bounded_amount_and_finishes_with_false()
    {
        recognizer.Become(new RecognizerStatus.Unavailable("The speech model x does not exist."));
        await using var captions = Captions(new CaptionOptions { MaxWaiting = TimeSpan.FromSeconds(10) });
        Assert.Equal(new CaptionsState.Unavailable("The speech model x does not exist."), captions.Status);
        captions.AddTrack(1);
        await FeedUtterancesAsync(captions, 1, count: 20);

        Assert.False(await captions.FinishAsync(Engine.Patience));
        Assert.InRange(captions.Lost.TotalSeconds, 20, 40);                      // of some forty: the newest ten are kept
        Assert.Empty(published);
    }

    [Fact]
    public async Task What_waited_for_the_recognizer_is_recognised_when_it_is_back()
    {
        recognizer.Become(new RecognizerStatus.Unavailable("away"));
        await using var captions = Captions();
        var states = new ConcurrentQueue<CaptionsState>();
        captions.StatusChanged += states.Enqueue;
        captions.AddTrack(1);
        await FeedUtterancesAsync(captions, 1, count: 4);
        recognizer.Become(new RecognizerStatus.Ready());

        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.Equal(4, published.Count);
        Assert.Contains(new CaptionsState.Live(), states);
    }

    [Fact]
    public async Task A_job_that_was_refused_is_asked_again_later()
    {
        recognizer.Answer = _ => recognizer.Asked == 1
            ? new RecognizeOutcome.Failed("busy", CanRetry: true)
            : ScriptedRecognizer.Heard("hello");
        await using var captions = Captions();
        captions.AddTrack(1);
        await captions.FeedAsync(1, Speech);
        captions.EndTrack(1);
        await recognizer.AskedAtLeast(1);
        var finished = captions.FinishAsync(TimeSpan.FromDays(1));
        while (!finished.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        Assert.True(await finished);
        Assert.Equal("hello", Assert.Single(published).Text);
    }

    [Fact]
    public async Task A_job_that_cannot_be_recognised_is_lost_and_the_rest_goes_on()
    {
        recognizer.Answer = _ => recognizer.Asked == 2
            ? new RecognizeOutcome.Failed("the worker died of it twice", CanRetry: false)
            : ScriptedRecognizer.Heard("hello");
        await using var captions = Captions();
        var lost = new ConcurrentQueue<(int Track, TimeSpan From, TimeSpan To)>();
        captions.SpeechLost += (track, from, to) => lost.Enqueue((track, from, to));
        captions.AddTrack(1);
        await FeedUtterancesAsync(captions, 1, count: 3);
        Assert.False(await captions.FinishAsync(Engine.Patience));
        Assert.Equal(2, published.Count);
        Assert.InRange(captions.Lost.TotalSeconds, 1.5, 2.5);
        var span = Assert.Single(lost);                                          // between the two that were heard
        Assert.Equal(1, span.Track);
        Assert.InRange(span.To - span.From, captions.Lost, captions.Lost + TimeSpan.FromSeconds(1));      // with the silence around it
        Assert.True(published.Min(c => c.End) <= span.From && span.To <= published.Max(c => c.Start));
    }

    [Fact]
    public async Task A_slow_recognizer_makes_captions_deferred_and_late_but_complete()
    {
        recognizer.Hold();
        await using var captions = Captions();
        captions.AddTrack(1);
        await FeedUtterancesAsync(captions, 1, count: 3);
        await recognizer.AskedAtLeast(1);
        captions.EndTrack(1);
        await captions.WaitForRoomAsync(CancellationToken.None);
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.IsType<CaptionsState.Deferred>(captions.Status);

        recognizer.LetGo();
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.All(published, caption => Assert.True(caption.Late));
        Assert.Equal(3, published.Count);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.IsType<CaptionsState.Live>(captions.Status);
    }

    [Fact]
    public async Task What_comes_to_its_turn_too_late_is_put_off_noted_and_does_not_keep_what_is_said_now_waiting()
    {
        var jobs = new ConcurrentQueue<SpeechJob>();
        recognizer.Answer = job =>
        {
            jobs.Enqueue(job);
            return jobs.Count == 1 ? new RecognizeOutcome.TooLate() : ScriptedRecognizer.Heard("hello");
        };
        await using var captions = Captions();
        var lost = new ConcurrentQueue<(int Track, TimeSpan From, TimeSpan To)>();
        captions.SpeechLost += (track, from, to) => lost.Enqueue((track, from, to));
        captions.AddTrack(1);
        await FeedUtterancesAsync(captions, 1, count: 3);
        Assert.True(await captions.FinishAsync(Engine.Patience));

        Assert.Equal(TimeSpan.Zero, captions.Lost);
        var late = Assert.Single(published, caption => caption.Late);
        var span = Assert.Single(lost);
        Assert.True(span.From <= late.Start && late.End <= span.To, $"{span} was noted of {late.Start} … {late.End}");
        Assert.Equal(3, published.Count);
        Assert.Equal(late.Start, published.Min(caption => caption.Start));
        Assert.Single(jobs, job => job.IsLate);
        Assert.All(jobs.Where(job => !job.IsLate), job => Assert.Equal(new CaptionOptions().LateAfter, job.MaxWait));
    }

    [Fact]
    public async Task What_waited_too_long_before_it_could_be_asked_is_put_off_too()
    {
        recognizer.Become(new RecognizerStatus.Unavailable("away"));
        await using var captions = Captions();
        captions.AddTrack(1);
        await FeedUtterancesAsync(captions, 1, count: 2);
        captions.PauseTrack(1);
        await captions.WaitForRoomAsync(CancellationToken.None);
        clock.Advance(new CaptionOptions().LateAfter);
        await captions.FeedAsync(1, [.. Speech, .. Sounds.Silence(0.5)], 60 * Second);
        recognizer.Become(new RecognizerStatus.Ready());
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.Equal([true, true, false], published.OrderBy(caption => caption.Start).Select(caption => caption.Late));
    }

    [Fact]
    public async Task Finishing_takes_no_longer_than_it_may()
    {
        recognizer.Hold();
        await using var captions = Captions();
        captions.AddTrack(1);
        await captions.FeedAsync(1, Speech);
        var finished = captions.FinishAsync(TimeSpan.FromSeconds(5));
        await recognizer.AskedAtLeast(1);
        Assert.False(finished.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.False(await finished);
    }

    [Fact]
    public async Task A_subscriber_that_throws_costs_its_meeting_the_captions_and_nothing_else()
    {
        await using var captions = Engine.Captions(recognizer, _ => throw new InvalidOperationException("no"), clock: clock);
        captions.AddTrack(1);
        await captions.FeedAsync(1, Speech);
        Assert.False(await captions.FinishAsync(Engine.Patience));
        Assert.IsType<CaptionsState.Unavailable>(captions.Status);
        captions.Write(1, 0, Speech.AsSpan(0, 320));
    }

    [Fact]
    public async Task A_track_that_ended_can_go_on()
    {
        await using var captions = Captions();
        captions.AddTrack(1);
        await captions.FeedAsync(1, Speech);
        captions.EndTrack(1);
        captions.AddTrack(1);
        await captions.FeedAsync(1, Speech, 60 * Second);
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.Equal(2, published.Count);
    }

    [Fact]
    public async Task Writing_costs_no_memory()
    {
        await using var captions = Captions();
        captions.AddTrack(1);
        float[] quiet = new float[960];
        captions.Write(1, 0, quiet);
        await captions.WaitForRoomAsync(CancellationToken.None);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int n = 1; n < 2000; n++) captions.Write(1, n * 960L, quiet);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private CaptionPipeline Captions(CaptionOptions? options = null) => Engine.Captions(recognizer, published.Enqueue, options, clock);

    /// <summary>The same utterance each ten seconds.</summary>
    private static async Task FeedUtterancesAsync(CaptionPipeline captions, int track, int count)
    {
        for (int n = 0; n < count; n++) await captions.FeedAsync(track, [.. Speech, .. Sounds.Silence(0.5)], 10L * Second * n);
    }
}

/// <summary>Hears what the test says it hears.</summary>
internal sealed class ScriptedRecognizer : ISpeechRecognizer
{
    private readonly List<(int Count, TaskCompletionSource Reached)> waiters = [];
    private TaskCompletionSource gate = Open();
    private int asked, answered;

    public Func<SpeechJob, RecognizeOutcome> Answer { get; set; } = _ => Heard("hello");
    public int Asked => Volatile.Read(ref asked);
    /// <summary>Or cancelled.</summary>
    public int Answered => Volatile.Read(ref answered);
    public RecognizerStatus Status { get; private set; } = new RecognizerStatus.Ready();
    public SpeechEffort Effort { get; set; }
    public event Action<RecognizerStatus>? StatusChanged;
    public SpeechEngine? Engine => new("script", "none", "");

    public async Task<RecognizeOutcome> RecognizeAsync(SpeechJob job, CancellationToken cancellationToken)
    {
        int now = Interlocked.Increment(ref asked);
        lock (waiters)
            foreach (var (count, reached) in waiters)
                if (now >= count) reached.TrySetResult();
        try
        {
            await gate.Task.WaitAsync(cancellationToken);
            return Status is RecognizerStatus.Unavailable(var reason) ? new RecognizeOutcome.Unavailable(reason) : Answer(job);
        }
        finally
        {
            Interlocked.Increment(ref answered);
        }
    }

    public void Become(RecognizerStatus status)
    {
        Status = status;
        StatusChanged?.Invoke(status);
    }

    public void Hold() => gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    public void LetGo() => gate.TrySetResult();

    /// <summary>Lets the pipeline take turns until it is so.</summary>
    public static async Task UntilAsync(Func<bool> isSo, CaptionPipeline captions)
    {
        using var patience = new CancellationTokenSource(Transcribe.Tests.Engine.Patience);
        do await captions.WaitForRoomAsync(patience.Token);
        while (!isSo());
    }

    public Task AskedAtLeast(int count)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (waiters) waiters.Add((count, reached));
        if (Asked >= count) reached.TrySetResult();
        return reached.Task;
    }

    /// <summary>One word over the first second.</summary>
    public static RecognizeOutcome Heard(string word) =>
        new RecognizeOutcome.Recognized([new SpokenWord(word, TimeSpan.FromSeconds(0.4), TimeSpan.FromSeconds(1.4), 0.9)], "en");

    private static TaskCompletionSource Open()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }
}
