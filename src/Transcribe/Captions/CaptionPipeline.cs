using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Captions;

/// <summary>
/// One meeting's captions: samples in, captions out. READ FIRST. The way, in order:
/// (1) <see cref="Write"/>, from the media loop, copies into the track's <see cref="SampleRing"/> and asks for a turn.
/// (2) A turn, on one pool thread at a time, empties the rings into the <see cref="FrameAssembler"/>s, which feed the
/// <see cref="SpeechDetector"/>s; those end utterances. (3) Each utterance waits in its track's queue; one loop a track asks the
/// <see cref="ISpeechRecognizer"/> for it. (4) <see cref="CaptionFilter"/> takes out what the model made up. (5) What is left is
/// published: once, in order for each track but for what had to be put off, with times since the meeting began. Beside this, where partials are wanted, a turn asks for
/// what an open utterance has so far, and publishes what <see cref="LocalAgreement"/> makes of it.
/// </summary>
public sealed partial class CaptionPipeline : IThreadPoolWorkItem, IAsyncDisposable
{
    /// <summary>The longest block of <see cref="Write"/>: 120 ms, the longest Opus packet.</summary>
    public const int MaxBlock = 120 * SpeechJob.SampleRate / 1000;

    /// <summary>dB by which another must be louder to be the loudest.</summary>
    private const float ClearlyLouder = 3;

    private const int Idle = 0, Running = 1, RunningAndAsked = 2;

    private readonly ISpeechRecognizer recognizer;
    private readonly LanguagePins languages;
    private readonly Action<Caption> publish;
    private readonly CaptionOptions options;
    private readonly TranscribeMetrics metrics;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly ITimer timer;
    private readonly CancellationTokenSource stopping = new();
    private readonly SpeechSource source = new();

    private int turn, disposed;
    private FrozenDictionary<int, CaptionTrack> tracks = FrozenDictionary<int, CaptionTrack>.Empty;      // replaced whole, under the lock

    // The turn's.
    private CaptionTrack? loudest;                     // whose partials are shown where only one's are

    // Under the lock.
    private readonly Lock gate = new();
    private long waitingSamples;                       // of utterances that wait or are being recognised
    private int asking;                                // loops at work, and partials that are asked for
    private readonly LinkedList<WaitingUtterance> putOff = new();      // of all tracks, the oldest first
    private bool isAskingForPutOff;
    private bool finishing;
    private string? broken;
    private readonly List<TaskCompletionSource> settled = [], room = [];

    /// <param name="language">ISO 639-1, or `auto`: found out for each speaker.</param>
    /// <param name="publish">
    /// Called for each revision of a segment, in order, on any thread; finals of one track in order as well, those apart that were put off. Must not block.
    /// </param>
    public CaptionPipeline(
        ISpeechRecognizer recognizer, string language, Action<Caption> publish, CaptionOptions options,
        TranscribeMetrics metrics, TimeProvider clock, ILogger<CaptionPipeline> logger)
    {
        this.recognizer = recognizer;
        languages = new LanguagePins(language);
        this.publish = publish;
        this.options = options;
        this.metrics = metrics;
        this.clock = clock;
        this.logger = logger;
        Status = StatusNow();
        recognizer.StatusChanged += OnRecognizerChanged;
        timer = clock.CreateTimer(_ => Tick(), null, options.Tick, options.Tick);
    }

    public CaptionsState Status { get; private set; }

    /// <summary>Raised after each change, on any thread. Handlers must not block.</summary>
    public event Action<CaptionsState>? StatusChanged;

    /// <summary>Speech that will have no caption from here: dropped over the bound, or given up.</summary>
    public TimeSpan Lost { get; private set; }

    /// <summary>
    /// Raised for each such span of a track, since the meeting began, and for what is put off: that is lost only until its caption is
    /// published. On any thread. Handlers must not block.
    /// </summary>
    public event Action<int, TimeSpan, TimeSpan>? SpeechLost;

    /// <summary>Words to expect, as <see cref="Captions.Glossary"/> makes them; null: none. From any thread, for what is asked from now on.</summary>
    public string? Glossary { get; set; }

    /// <summary>Under `auto`: what a speaker was heard to speak before.</summary>
    public void Remember(string speaker, string language, TimeSpan speech) => languages.Remember(speaker, language, speech);

    /// <summary>Any thread. Does nothing for a track that is there; one that has ended goes on.</summary>
    /// <param name="speaker">Who speaks on it, the same on all their tracks; null: somebody else.</param>
    public void AddTrack(int track, string? speaker = null)
    {
        lock (gate)
        {
            if (finishing) return;
            if (tracks.TryGetValue(track, out var existing))
                existing.Ended = false;
            else
                Volatile.Write(ref tracks, tracks.Append(new(track, new CaptionTrack(track, speaker ?? options.SpeakerOf?.Invoke(track) ?? $"track {track}", options.IsThorough ? UtteranceLimits.Whole : UtteranceLimits.Live, Enqueue))).ToFrozenDictionary());
        }
    }

    /// <summary>
    /// From the media loop: never blocks and never allocates. One caller at a time for each track. Samples of an unknown or ended track
    /// are left out.
    /// </summary>
    /// <param name="firstSample">Since the meeting began, at 16 kHz. What is skipped is silence; what was there already is left out.</param>
    /// <param name="pcm">16 kHz mono, −1 … 1, at most <see cref="MaxBlock"/> samples; copied.</param>
    public void Write(int track, long firstSample, ReadOnlySpan<float> pcm)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pcm.Length, MaxBlock);
        if (pcm.IsEmpty || !Volatile.Read(ref tracks).TryGetValue(track, out var to) || to.Ended) return;
        Volatile.Write(ref to.LastWrite, clock.GetTimestamp());
        if (!to.Ring.TryWrite(firstSample, pcm)) Overrun(to, firstSample, pcm.Length);
        else if (to.Overrun.Length > 0) EndOverrun(to);
        AskForTurn();
    }

    /// <summary>
    /// For one who feeds faster than people speak, such as a replay of the journal: completes when half a second can be written to
    /// each track, and half of the bound on waiting speech is free.
    /// </summary>
    public Task WaitForRoomAsync(CancellationToken cancellationToken)
    {
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate) room.Add(waiter);
        AskForTurn();
        return waiter.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Any thread, after the last <see cref="Write"/> for it: what is open becomes final.</summary>
    public void EndTrack(int track)
    {
        if (!Volatile.Read(ref tracks).TryGetValue(track, out var ended)) return;
        EndOverrun(ended);
        ended.Ended = true;
        AskForTurn();
    }

    /// <summary>
    /// Ends all tracks and waits for their captions. True: everything written has been recognised and published. False: not, for the
    /// time was too short, the recognizer is away, or speech was <see cref="Lost"/>; the journal has it all.
    /// </summary>
    public async Task<bool> FinishAsync(TimeSpan timeout)
    {
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            finishing = true;
            settled.Add(waiter);
            foreach (var track in tracks.Values) track.Ended = true;
        }
        AskForTurn();
        try
        {
            await waiter.Task.WaitAsync(timeout, clock);
        }
        catch (TimeoutException)
        {
            return false;
        }
        lock (gate) return broken is null && waitingSamples == 0 && Lost == TimeSpan.Zero;
    }

    /// <summary>Stops at once; what is not recognised is left out. <see cref="FinishAsync"/> first is the orderly way.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 1) return;
        recognizer.StatusChanged -= OnRecognizerChanged;
        await timer.DisposeAsync();
        await stopping.CancelAsync();
        await FinishAsync(Timeout.InfiniteTimeSpan);          // nothing waits any more: only the turn and the loops come to their end
        foreach (var waiting in tracks.Values.SelectMany(track => track.Waiting).Concat(putOff))
        {
            Withdraw(waiting.Segment);
            waiting.Utterance.Dispose();
        }
        stopping.Dispose();
    }

    // ---- The turn: one thread of the pool at a time ----

    private void AskForTurn()
    {
        if (Interlocked.Exchange(ref turn, RunningAndAsked) == Idle) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            Volatile.Write(ref turn, Running);
            try
            {
                TakeTurn();
            }
            catch (Exception e)
            {
                Break(e);
            }
        } while (Interlocked.CompareExchange(ref turn, Idle, Running) != Running);
    }

    private void TakeTurn()
    {
        bool isBroken, someoneWaits;
        lock (gate) (isBroken, someoneWaits) = (broken is not null, room.Count > 0);
        foreach (var (number, track) in Volatile.Read(ref tracks))
        {
            bool ended = track.Ended, paused = track.TakePause();   // before the ring: what was written before the end is still read
            TakeAnswer(track, isBroken);
            while (track.Ring.TryPeek(out long firstSample, out var head, out var tail))
            {
                if (!isBroken) metrics.SamplesOutOfOrder(track.Frames.Add(firstSample, head) + track.Frames.Add(firstSample + head.Length, tail));
                track.Ring.Release();
            }
            bool stale = !someoneWaits && track.Detector.IsOpen && clock.GetElapsedTime(Volatile.Read(ref track.LastWrite)) > options.StaleAfter;
            if ((ended || paused || stale) && !isBroken) track.Frames.Flush();
            if (!isBroken) Hop(track);
            if (ended) Remove(number, track);
        }
        Settle();
    }

    private void Remove(int number, CaptionTrack track)
    {
        lock (gate)
        {
            if (!track.Ended || track.Waiting.Count > 0 || track.IsAsking || track.Asking is not null || !track.Ring.IsEmpty) return;        // a later turn
            if (tracks.TryGetValue(number, out var current) && current == track)
                Volatile.Write(ref tracks, tracks.Where(pair => pair.Key != number).ToFrozenDictionary());
        }
    }

    private void Enqueue(CaptionTrack track, Utterance utterance)
    {
        if (options.IsWanted is { } isWanted && !isWanted(track.Number, CaptionFilter.Time(utterance.SpeechStart), CaptionFilter.Time(utterance.SpeechEnd)))
        {
            utterance.Dispose();
            return;
        }
        var segment = TakeOpen(track, utterance);
        lock (gate)
        {
            track.Waiting.AddLast(new WaitingUtterance(track, utterance, clock.GetTimestamp(), segment));
            waitingSamples += utterance.Samples.Length;
            while (waitingSamples > options.MaxWaiting.TotalSeconds * SpeechJob.SampleRate && DropOldest()) { }
        }
        Ask(track);
    }

    /// <summary>Under the lock. The oldest goes first: the newest is what people are reading.</summary>
    private bool DropOldest()
    {
        LinkedList<WaitingUtterance>? from = putOff.Count > 0 ? putOff : null;
        if (from is null)
        {
            foreach (var track in tracks.Values)
                if (track.Waiting.First is { } first && (from is null || first.Value.At < from.First!.Value.At)) from = track.Waiting;
        }
        if (from is null) return false;

        var dropped = from.First!.Value;
        from.RemoveFirst();
        Lose(dropped, "more speech waits than is kept");
        metrics.SpeechDropped(Length(dropped.Utterance));
        return true;
    }
}
