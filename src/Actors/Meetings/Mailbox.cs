using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Pipeline.Actors.Media;
using Pipeline.Transcribe.Captions;
using SpeechEffort = Pipeline.Transcribe.Speech.SpeechEffort;

namespace Pipeline.Actors.Meetings;

/// <summary>What lies in a meeting's mailbox.</summary>
internal abstract record Letter
{
    /// <summary>Somebody waits for the answer; null tells that the meeting has no owner any more.</summary>
    public sealed record Ask(MeetingCommand Command, TaskCompletionSource<Outcome?> Reply) : Letter;
    public sealed record Look(TaskCompletionSource<MediaSnapshot?> Reply) : Letter;
    /// <summary>Long work is over: the media is open, or not.</summary>
    public sealed record Opened(MediaJob Job, OpenMediaResult Result) : Letter;
    /// <summary>Long work is over, and this came of it.</summary>
    public sealed record Done(MeetingCommand Command) : Letter;
    /// <summary>Long work goes on, and this has come of it.</summary>
    public sealed record Made(MeetingCommand Command) : Letter;
    /// <summary>Long work broke, by no fault of the meeting's media.</summary>
    public sealed record Broken(Exception Reason) : Letter;
    /// <summary>The media broke, and takes nothing more.</summary>
    public sealed record Lost(IMeetingMedia Media) : Letter;
    /// <summary>The journal could not be told of this track: it must not look as if it were recorded.</summary>
    public sealed record TakeBack(TrackId Track) : Letter;
    /// <summary>Captions, their status or the time: what exactly is beside the queue.</summary>
    public sealed record News : Letter;
}

/// <summary>What became of a command.</summary>
/// <param name="Meeting">After it.</param>
internal sealed record Outcome(Meeting Meeting, Refusal? Refusal);

/// <summary>
/// One meeting's mailbox: any thread puts in, the owner takes out, in order. Every kind has its bound and its policy.
/// Commands: at most 64 unanswered, more callers wait. Ticks and the captions' status: only the newest counts, so there
/// is one letter for all of them. Captions: at most 4096, put by threads that cannot wait; from the first one over, all are
/// refused until <see cref="TakeCaptionsAgain"/>, so that what is stored has no hole and the rest is made from the journal.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A semaphore whose wait handle is not asked for holds nothing.")]
internal sealed class Mailbox(ActorsMetrics metrics)
{
    private const int MaxCommands = 64;
    private const int MaxCaptions = 4096;

    /// <summary>Room for every command, one take-back each, and the few letters there can be of every other kind.</summary>
    private readonly Channel<Letter> letters =
        Channel.CreateBounded<Letter>(new BoundedChannelOptions(4 * MaxCommands) { SingleReader = true });
    private readonly SemaphoreSlim places = new(MaxCommands);
    private readonly ConcurrentQueue<(int Run, Caption Caption)> captions = new();
    private int captionCount;
    private volatile bool refusing;
    private int newsIsWaiting;
    private int tickIsDue;
    private StatusNews? newest;

    private sealed record StatusNews(int Run, CaptionsStatus Status, SpeechEffort Effort);

    /// <summary>True since a caption was refused.</summary>
    public bool RefusesCaptions => refusing;

    /// <summary>Null where the meeting has no owner any more: it is over, or the server stops.</summary>
    public async Task<T?> AskAsync<T>(Func<TaskCompletionSource<T?>, Letter> letter, CancellationToken ct) where T : class
    {
        await places.WaitAsync(ct);
        var reply = new TaskCompletionSource<T?>(TaskCreationOptions.RunContinuationsAsynchronously);
        // The place is free once the owner answered, even when the asker has gone before.
        _ = reply.Task.ContinueWith(_ => places.Release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (!Put(letter(reply))) reply.SetResult(null);
        return await reply.Task.WaitAsync(ct);
    }

    /// <summary>False once closed.</summary>
    public bool Put(Letter letter)
    {
        if (!letters.Writer.TryWrite(letter)) return false;
        metrics.Waiting(1);
        return true;
    }

    public void PutTick()
    {
        Interlocked.Exchange(ref tickIsDue, 1);
        PutNews();
    }

    public void PutStatus(int run, CaptionsStatus status, SpeechEffort effort)
    {
        Interlocked.Exchange(ref newest, new StatusNews(run, status, effort));
        PutNews();
    }

    /// <summary>False where it was refused.</summary>
    public bool TryPutCaption(int run, Caption caption)
    {
        bool fits = !refusing;
        if (fits && Interlocked.Increment(ref captionCount) > MaxCaptions)
        {
            Interlocked.Decrement(ref captionCount);
            fits = false;
        }
        if (!fits)
        {
            refusing = true;
            metrics.CaptionRefused();
            PutStatus(run, CaptionsStatus.Deferred, SpeechEffort.Deferred);
            return false;
        }
        captions.Enqueue((run, caption));
        metrics.Waiting(1);
        PutNews();
        return true;
    }

    public void TakeCaptionsAgain() => refusing = false;

    /// <summary>The next letter. Only for the owner, like everything below.</summary>
    public async ValueTask<Letter> TakeAsync(CancellationToken ct)
    {
        var letter = await letters.Reader.ReadAsync(ct);
        metrics.Waiting(-1);
        if (letter is Letter.News) Interlocked.Exchange(ref newsIsWaiting, 0);   // before it is read: later news is a new letter
        return letter;
    }

    public bool TakeTick() => Interlocked.Exchange(ref tickIsDue, 0) == 1;

    public MeetingCommand? TakeStatus() =>
        Interlocked.Exchange(ref newest, null) is { } news ? new MeetingCommand.CaptionsChanged(news.Run, news.Status) { Effort = news.Effort } : null;

    /// <summary>The captions that wait, oldest first; they stay until <see cref="CaptionsAreStored"/>.</summary>
    public (int Run, Caption Caption)[] Captions() => [.. captions];

    public void CaptionsAreStored(int count)
    {
        for (int i = 0; i < count; i++) captions.TryDequeue(out _);
        Interlocked.Add(ref captionCount, -count);
        metrics.Waiting(-count);
    }

    /// <summary>No letter goes in any more. Those that were not taken come back, to be answered.</summary>
    public List<Letter> Close()
    {
        letters.Writer.TryComplete();
        List<Letter> left = [];
        while (letters.Reader.TryRead(out var letter)) left.Add(letter);
        metrics.Waiting(-left.Count);
        return left;
    }

    private void PutNews()
    {
        if (Interlocked.Exchange(ref newsIsWaiting, 1) == 0) Put(new Letter.News());
    }
}
