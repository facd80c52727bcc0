using Pipeline.Transcribe.Speech;
using Pipeline.Transcribe.Whisper;

namespace Pipeline.Transcribe.Tests;

public sealed class JobQueueTests : IDisposable
{
    private readonly ManualClock clock = new();
    private readonly JobQueue queue;

    public JobQueueTests() => queue = new JobQueue(maxWaitingSamples: 10 * 16_000, new TranscribeMetrics(new TestMeters()), clock);

    public void Dispose() => queue.Dispose();

    [Fact]
    public async Task Jobs_are_asked_in_order_and_only_so_many_at_once()
    {
        var first = Add();
        var second = Add();
        var third = Add();
        var one = queue.TakeNext(2)!;
        var two = queue.TakeNext(2)!;
        Assert.True(one.Id < two.Id);
        Assert.Null(queue.TakeNext(2));

        queue.Answer(two.Id, Heard("two"));
        Assert.Equal("two", Engine.TextOf(await second));
        Assert.NotNull(queue.TakeNext(2));
        Assert.False(first.IsCompleted || third.IsCompleted);
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_at_once_and_may_be_asked_again()
    {
        for (int n = 0; n < 10; n++) _ = Add(seconds: 1);
        var refused = Assert.IsType<RecognizeOutcome.Failed>(await Add(seconds: 1));
        Assert.True(refused.CanRetry);
        queue.TakeNext(1);                                             // makes room
        Assert.False(Add(seconds: 1).IsCompleted);
    }

    [Fact]
    public void What_a_dead_worker_had_is_asked_again_alone_and_before_all_others()
    {
        Add();
        Add();
        Add();
        long one = queue.TakeNext(2)!.Id, two = queue.TakeNext(2)!.Id;
        Assert.Equal(2, queue.WorkerDied().Again);

        Assert.Equal(one, queue.TakeNext(2)!.Id);
        Assert.Null(queue.TakeNext(2));                                // a suspect has the worker for itself
        queue.Answer(one, Heard(""));
        Assert.Equal(two, queue.TakeNext(2)!.Id);
        Assert.Null(queue.TakeNext(2));
        queue.Answer(two, Heard(""));
        Assert.NotNull(queue.TakeNext(2));
    }

    [Fact]
    public async Task A_job_that_two_workers_died_of_is_given_up_and_says_so()
    {
        var poison = Add();
        var innocent = Add();
        queue.TakeNext(2);
        queue.TakeNext(2);
        queue.WorkerDied();
        queue.TakeNext(2);
        var (again, givenUp) = queue.WorkerDied();

        Assert.Equal((0, 1), (again, givenUp.Count));
        var failed = Assert.IsType<RecognizeOutcome.Failed>(await poison);
        Assert.False(failed.CanRetry);
        Assert.Contains("twice", failed.Reason, StringComparison.Ordinal);
        queue.Answer(queue.TakeNext(2)!.Id, Heard("fine"));
        Assert.Equal("fine", Engine.TextOf(await innocent));
    }

    [Fact]
    public async Task A_cancelled_job_makes_room_and_is_not_asked()
    {
        using var cancel = new CancellationTokenSource();
        var cancelled = queue.Add(new SpeechJob(new float[10 * 16_000], "en"), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Null(queue.TakeNext(1));
        Assert.False(Add(seconds: 10).IsCompleted);
    }

    [Fact]
    public async Task A_closed_queue_answers_everything_until_it_is_opened()
    {
        var asked = Add();
        var waiting = Add();
        queue.TakeNext(1);
        queue.Close("no model");
        foreach (var task in new[] { asked, waiting, Add() })
            Assert.Equal("no model", Assert.IsType<RecognizeOutcome.Unavailable>(await task).Reason);
        queue.Open();
        Assert.False(Add().IsCompleted);
    }

    [Fact]
    public void Finals_come_before_partials_that_came_before_them()
    {
        AddPartial();
        _ = Add();
        _ = Add();
        Assert.Equal([false, false, true], Enumerable.Range(0, 3).Select(_ => queue.TakeNext(3)!.IsPartial));
    }

    [Fact]
    public void One_worker_thread_of_two_is_left_to_finals()
    {
        AddPartial();
        AddPartial();
        Assert.True(queue.TakeNext(2)!.IsPartial);
        Assert.Null(queue.TakeNext(2));
        _ = Add();
        Assert.False(queue.TakeNext(2)!.IsPartial);
    }

    [Fact]
    public async Task A_partial_whose_turn_comes_late_is_dropped_and_a_final_never()
    {
        var partial = AddPartial();
        var final = Add();
        clock.Advance(JobQueue.MaxPartialWait + TimeSpan.FromMilliseconds(1));
        Assert.False(queue.TakeNext(4)!.IsPartial);
        Assert.Null(queue.TakeNext(4));
        Assert.True(Assert.IsType<RecognizeOutcome.Failed>(await partial).CanRetry);
        Assert.False(final.IsCompleted);
    }

    [Fact]
    public void What_nobody_waits_for_comes_after_everything_that_is_being_said_and_never_takes_the_last_thread()
    {
        AddBackground();
        AddBackground();
        AddPartial();
        Add();
        Assert.Equal([JobRank.Final, JobRank.Partial], Enumerable.Range(0, 2).Select(_ => queue.TakeNext(2)!.Rank));
        Assert.Null(queue.TakeNext(2));

        AddBackground();
        var other = new JobQueue(maxWaitingSamples: 10 * 16_000, new TranscribeMetrics(new TestMeters()), clock);
        using (other)
        {
            _ = other.Add(new SpeechJob(new float[16_000], "en") { IsBackground = true }, CancellationToken.None);
            _ = other.Add(new SpeechJob(new float[16_000], "en") { IsBackground = true }, CancellationToken.None);
            Assert.Equal(JobRank.Background, other.TakeNext(2)!.Rank);
            Assert.Null(other.TakeNext(2));                                      // the other thread is for what will be said next
            clock.Advance(10 * JobQueue.MaxPartialWait);
            Assert.NotNull(other.TakeNext(4));                                   // and it is never too late
        }
    }

    [Fact]
    public async Task Partials_leave_most_of_the_room_to_finals()
    {
        _ = AddPartial();
        _ = AddPartial();
        Assert.IsType<RecognizeOutcome.Failed>(await AddPartial());               // a quarter of ten seconds is full
        for (int n = 0; n < 8; n++) Assert.False(Add().IsCompleted);
    }

    [Fact]
    public async Task A_partial_that_a_worker_died_of_is_not_asked_again()
    {
        var partial = AddPartial();
        _ = Add();
        queue.TakeNext(2);
        queue.TakeNext(2);
        Assert.Equal(1, queue.WorkerDied().Again);
        Assert.False(Assert.IsType<RecognizeOutcome.Failed>(await partial).CanRetry);
        Assert.False(queue.TakeNext(2)!.IsPartial);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Meetings_take_turns_however_many_speak_in_each(bool partial)
    {
        var (crowd, pair) = (new SpeechSource(), new SpeechSource());
        var of = new Dictionary<SpeechSource, string> { [crowd] = "crowd", [pair] = "pair" };
        foreach (var source in new[] { crowd, crowd, crowd, crowd, pair, pair })
            _ = queue.Add(new SpeechJob(new float[1600], "en") { Source = source, IsPartial = partial }, CancellationToken.None);

        var served = Enumerable.Range(0, 6).Select(_ => of[queue.TakeNext(100)!.Source!]);
        Assert.Equal(["crowd", "pair", "crowd", "pair", "crowd", "crowd"], served);
    }

    [Fact]
    public void Meetings_have_the_same_share_of_the_engine_however_long_their_jobs_are()
    {
        var (longOnes, shortOnes) = (new SpeechSource(), new SpeechSource());
        using var roomy = new JobQueue(maxWaitingSamples: 600 * 16_000, new TranscribeMetrics(new TestMeters()), clock);
        for (int n = 0; n < 20; n++)
        {
            _ = roomy.Add(new SpeechJob(new float[27 * 16_000], "en") { Source = longOnes }, CancellationToken.None);
            _ = roomy.Add(new SpeechJob(new float[16_000], "en") { Source = shortOnes }, CancellationToken.None);
        }
        var served = Enumerable.Range(0, 20).Select(_ => roomy.TakeNext(100)!).ToList();
        Assert.InRange(served.Count(job => job.Source == longOnes), 4, 6);          // 1500 positions against 512
    }

    [Fact]
    public void Who_was_silent_for_long_saved_nothing_up()
    {
        var (busy, quiet) = (new SpeechSource(), new SpeechSource());
        void Say(SpeechSource source) => queue.Add(new SpeechJob(new float[1600], "en") { Source = source }, CancellationToken.None);
        for (int n = 0; n < 20; n++)
        {
            Say(busy);
            queue.TakeNext(100);
        }
        for (int n = 0; n < 3; n++) Say(busy);
        for (int n = 0; n < 3; n++) Say(quiet);
        var served = Enumerable.Range(0, 4).Select(_ => queue.TakeNext(100)!.Source).ToList();
        Assert.Equal(2, served.Count(source => source == busy));
    }

    [Fact]
    public async Task A_final_whose_turn_does_not_come_in_its_time_is_given_back_to_be_asked_as_one_that_is_late()
    {
        var final = queue.Add(new SpeechJob(new float[16_000], "en") { MaxWait = TimeSpan.FromSeconds(8) }, CancellationToken.None);
        var patient = Add();
        clock.Advance(TimeSpan.FromSeconds(8));
        queue.Observe();
        Assert.False(final.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        queue.Observe();
        Assert.IsType<RecognizeOutcome.TooLate>(await final);
        Assert.False(patient.IsCompleted);
    }

    [Fact]
    public void What_is_late_comes_after_everything_that_is_being_said_and_before_what_nobody_waits_for()
    {
        AddBackground();
        _ = queue.Add(new SpeechJob(new float[1600], "en") { IsLate = true }, CancellationToken.None);
        AddPartial();
        Add();
        Assert.Equal([JobRank.Final, JobRank.Partial, JobRank.Late, JobRank.Background], Enumerable.Range(0, 4).Select(_ => queue.TakeNext(10)!.Rank));
    }

    [Fact]
    public void A_job_is_stuck_when_it_takes_much_longer_than_such_jobs_do()
    {
        var longest = TimeSpan.FromSeconds(60);
        Add();
        queue.TakeNext(1);
        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Null(queue.Stuck(longest));                                       // nobody knows how long it takes
        queue.LearnCost(16_000, TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(59), queue.Stuck(longest));            // thirty times as long
        queue.WorkerDied();
        queue.TakeNext(1);
        clock.Advance(TimeSpan.FromSeconds(19));
        Assert.Null(queue.Stuck(longest));
    }

    [Fact]
    public void More_than_can_be_done_goes_down_the_ladder_and_enough_goes_up_again()
    {
        queue.LearnCost(16_000, TimeSpan.FromSeconds(1));
        for (int n = 0; n < 3; n++) Add(seconds: 3);
        for (int n = 0; n < 30; n++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            queue.Observe();                                                     // nobody takes any
        }
        Assert.Equal(SpeechEffort.Deferred, queue.Effort);
        while (queue.TakeNext(1) is { } job) queue.Answer(job.Id, Heard(""));
        for (int n = 0; n < 200; n++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            queue.Observe();
        }
        Assert.Equal(SpeechEffort.Full, queue.Effort);
    }

    private Task<RecognizeOutcome> AddBackground() => queue.Add(new SpeechJob(new float[16_000], "en") { IsBackground = true }, CancellationToken.None);

    private Task<RecognizeOutcome> AddPartial() => queue.Add(new SpeechJob(new float[16_000], "en") { IsPartial = true }, CancellationToken.None);

    private Task<RecognizeOutcome> Add(int seconds = 1) => queue.Add(new SpeechJob(new float[seconds * 16_000], "en-GB"), CancellationToken.None);

    private static RecognizeOutcome.Recognized Heard(string text) => new([new SpokenWord(text, TimeSpan.Zero, TimeSpan.Zero, 1)], "en");
}
