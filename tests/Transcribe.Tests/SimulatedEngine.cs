using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Speech;
using Pipeline.Transcribe.Whisper;

namespace Pipeline.Transcribe.Tests;

/// <summary>The node's queue as it is, with an engine behind it that hears <see cref="SpokenScript"/> and takes simulated time for it.</summary>
/// <param name="cost">Of a job, on one thread.</param>
internal sealed class SimulatedEngine(ManualClock clock, int threads, TimeSpan cost) : IDisposable
{
    private readonly JobQueue queue = new(600 * SpeechJob.SampleRate, new TranscribeMetrics(new TestMeters()), clock);
    private readonly List<(PendingJob Job, long Due)> atWork = [];
    private TimeSpan observeAt;
    private bool isStopped;

    public SpeechEffort Effort => queue.Effort;
    /// <summary>Each step that was taken, with its time.</summary>
    public List<(TimeSpan At, SpeechEffort Effort)> Steps { get; } = [];

    public Task<RecognizeOutcome> Ask(SpeechJob job, CancellationToken cancellationToken) => queue.Add(job, cancellationToken);

    /// <summary>What is due is answered, and what has a thread begins.</summary>
    public void Work()
    {
        long now = clock.GetTimestamp();
        foreach (var done in atWork.FindAll(w => w.Due <= now))
        {
            atWork.Remove(done);
            var job = (WorkerMessage.Job)WorkerProtocol.Decode(done.Job.Frame[4..].ToArray());
            queue.Answer(job.Id, SpokenScript.Hear(job.Samples.Span));
        }
        while (!isStopped && queue.TakeNext(threads) is { } next) atWork.Add((next, now + cost.Ticks));
        if (clock.GetElapsedTime(0) < observeAt) return;
        observeAt += TimeSpan.FromSeconds(1);
        queue.Observe();
        if (Steps.Count == 0 ? Effort != SpeechEffort.Full : Effort != Steps[^1].Effort) Steps.Add((clock.GetElapsedTime(0), Effort));
    }

    /// <summary>The worker dies, and no other comes.</summary>
    public void Stop()
    {
        isStopped = true;
        atWork.Clear();
        queue.WorkerDied();
    }

    public void GoOn() => isStopped = false;

    public void Dispose() => queue.Dispose();
}

/// <summary>Meetings whose people speak from a script, in simulated time, all on one engine.</summary>
internal sealed class SimulatedMeetings(ManualClock clock, SimulatedEngine engine) : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100), StepInSilence = TimeSpan.FromMilliseconds(500);
    private const int StepSamples = 1600, Frame = 320;

    private readonly List<SimulatedMeeting> meetings = [];

    /// <param name="talkers">What each of its tracks says, from the beginning.</param>
    public SimulatedMeeting Add(params (float[] Samples, string Text)[] talkers)
    {
        var meeting = new SimulatedMeeting(clock, engine, talkers);
        meetings.Add(meeting);
        return meeting;
    }

    public async Task RunAsync(TimeSpan time)
    {
        for (var until = clock.GetElapsedTime(0) + time; clock.GetElapsedTime(0) < until;) await StepAsync();
    }

    public async Task RunUntilAsync(Func<bool> isSo, TimeSpan atMost)
    {
        for (var until = clock.GetElapsedTime(0) + atMost; !isSo();)
        {
            Assert.True(clock.GetElapsedTime(0) < until, $"after {atMost} it is still not so: {engine.Effort}, {string.Join(", ", meetings.Select(m => m.Captions.Status))}");
            await StepAsync();
        }
    }

    /// <summary>True for all: whatever was said has its caption.</summary>
    public async Task<bool> FinishAsync()
    {
        var finishing = meetings.Select(meeting => meeting.Captions.FinishAsync(TimeSpan.FromDays(1))).ToList();
        await RunUntilAsync(() => finishing.All(f => f.IsCompleted), TimeSpan.FromHours(2));
        return (await Task.WhenAll(finishing)).All(whole => whole);
    }

    private async Task StepAsync()
    {
        long at = clock.GetElapsedTime(0).Ticks * SpeechJob.SampleRate / TimeSpan.TicksPerSecond;
        foreach (var meeting in meetings)
            for (int n = 0; n < meeting.Talkers.Count; n++)
                for (long sample = at; sample < at + StepSamples && sample + Frame <= meeting.Talkers[n].Samples.Length; sample += Frame)
                    meeting.Captions.Write(n + 1, sample, meeting.Talkers[n].Samples.AsSpan((int)sample, Frame));
        clock.Advance(meetings.Any(meeting => meeting.Talkers.Any(talker => talker.Samples.Length > at)) ? Step : StepInSilence);
        engine.Work();
        foreach (var meeting in meetings) await meeting.SettleAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var meeting in meetings) await meeting.Captions.DisposeAsync();
    }
}

internal sealed class SimulatedMeeting : ISpeechRecognizer
{
    private readonly SimulatedEngine engine;
    private readonly Lock gate = new();
    private readonly List<Task<RecognizeOutcome>> asked = [];
    private readonly List<(TimeSpan At, Caption Caption)> published = [];

    public SimulatedMeeting(ManualClock clock, SimulatedEngine engine, (float[] Samples, string Text)[] talkers)
    {
        this.engine = engine;
        Talkers = talkers;
        Captions = Tests.Engine.Captions(this, Published, new CaptionOptions { Partials = true, MaxWaiting = TimeSpan.FromHours(1) }, clock);
        Captions.StatusChanged += status => { lock (gate) States.Add(status); };
        for (int n = 1; n <= talkers.Length; n++) Captions.AddTrack(n);

        void Published(Caption caption)
        {
            lock (gate) published.Add((clock.GetElapsedTime(0), caption));
        }
    }

    public IReadOnlyList<(float[] Samples, string Text)> Talkers { get; }
    public CaptionPipeline Captions { get; }
    public List<CaptionsState> States { get; } = [];

    public RecognizerStatus Status { get; } = new RecognizerStatus.Ready();
    public event Action<RecognizerStatus>? StatusChanged { add { } remove { } }
    public SpeechEngine? Engine => null;
    public SpeechEffort Effort => engine.Effort;

    public Task<RecognizeOutcome> RecognizeAsync(SpeechJob job, CancellationToken cancellationToken)
    {
        var answer = engine.Ask(job, cancellationToken);
        lock (gate) asked.Add(answer);
        return answer;
    }

    /// <summary>Until the pipeline has done all it can before time goes on.</summary>
    public async Task SettleAsync()
    {
        while (true)
        {
            int waiting;
            lock (gate)
            {
                asked.RemoveAll(answer => answer.IsCompleted);
                waiting = asked.Count;
            }
            if (Captions.Awaits(waiting)) return;
            await Task.Yield();
        }
    }

    public List<(TimeSpan At, Caption Caption)> Partials() => All().FindAll(p => !p.Caption.IsFinal);
    public List<(TimeSpan At, Caption Caption)> Finals() => All().FindAll(p => p.Caption.IsFinal);
    private List<(TimeSpan At, Caption Caption)> All() { lock (gate) return [.. published]; }

    /// <summary>What one said, by the captions.</summary>
    public string Transcript(int track) =>
        string.Join(' ', Finals().Select(f => f.Caption).Where(c => c.Track == track).OrderBy(c => c.Start).Select(c => c.Text));

    public void AssertEveryWordIsThereOnce()
    {
        for (int n = 1; n <= Talkers.Count; n++) Assert.Equal(Talkers[n - 1].Text, Transcript(n));
        Assert.Equal(Finals().Count, Finals().Select(f => f.Caption.Segment).Distinct().Count());
    }
}
