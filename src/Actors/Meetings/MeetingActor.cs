using Microsoft.Extensions.Logging;
using Pipeline.Actors.Media;
using Pipeline.Actors.Sources;
using Pipeline.Actors.Storage;
using Pipeline.Ingest.Streams;
using SpeechEffort = Pipeline.Transcribe.Speech.SpeechEffort;

namespace Pipeline.Actors.Meetings;

/// <summary>
/// The owner of one meeting that is not over. It takes one letter after the other: decide, store, apply, answer, tell readers.
/// What is to be done next (<see cref="WorkThatIsDue"/>) follows from the stored state alone, so a meeting goes on in the
/// same way after a crash, after a failed commit, and after a bug.
/// </summary>
/// <remarks>
/// Whatever goes wrong in one letter costs that letter: the state is read again from the store, the media keeps running,
/// other meetings do not notice.
/// </remarks>
internal sealed partial class MeetingActor(
    TenantId tenant, MeetingId id, MeetingWork work, IMeetingStore store, IMeetingSources? sources, TimeProvider clock, ActorsMetrics metrics,
    ILogger<MeetingActor> log) : IMediaObserver, ISourcedMeeting
{
    private readonly Mailbox mailbox = new(metrics);
    private readonly TaskCompletionSource settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Meeting? meeting;                        // null: to be read from the store
    private bool isNewRun = true;                    // and the store does not know it yet
    private bool isWithdrawn;
    private IMeetingMedia? media;
    private MediaSnapshot? lastSeen;
    private MediaSnapshot? seenFailing;              // and perhaps not stored: a disk that is full takes no events either
    private bool isStoreRefusing;
    private Task mediaCalls = Task.CompletedTask;    // one after the other; never faults
    private readonly List<(Letter.Ask Ask, Outcome Outcome)> untilOpened = [];   // decided while the media is being opened
    private MediaJob? openedBy;                      // what the media was opened with, until it is told what came meanwhile
    private Task running = Task.CompletedTask;       // long work; never faults
    private bool isWorking;
    private int failures;                            // of long work, in a row
    private TimeSpan notBefore;                      // since this boot

    /// <summary>Pulses after anything is stored.</summary>
    public ChangeSignal Changes { get; } = new();

    /// <summary>How loud everybody is, past the mailbox: what is not read in time is of no use to anybody.</summary>
    public LevelFeed Levels { get; } = new();

    /// <summary>What is being said, past the mailbox too: partials are never stored.</summary>
    public OpenSegments Said { get; } = new();

    /// <summary>What arrives is not kept: known here also while it cannot be stored.</summary>
    public bool IsFailing => Volatile.Read(ref seenFailing) is not null;

    /// <summary>Completes when the first attempt to get at the meeting's media is over, well or not.</summary>
    public Task Settled => settled.Task;

    /// <summary>For a meeting that was just started; without it, the stored meeting is taken up in a new run.</summary>
    public void Adopt(Meeting started, IMeetingMedia opened)
    {
        (meeting, media, isNewRun) = (started, opened, false);
        HearWhenBroken(opened);
    }

    /// <summary>
    /// Until the meeting is over, or <paramref name="stopping"/>: then the media is closed, and the stored meeting left as it
    /// is, to be gone on with. Never throws.
    /// </summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        metrics.MeetingBegan();
        mailbox.PutTick();   // the first letter, which begins the work that is due
        try
        {
            while (meeting is not { IsOver: true } && !isWithdrawn) await TakeLetterAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What was answered is stored; the rest comes again with the next start.
        }
        await LeaveAsync();
        settled.TrySetResult();
        metrics.MeetingLeft();
    }

    /// <summary>Answered after what was decided is stored, and told to the journal; null where the meeting has no owner any more.</summary>
    public Task<Outcome?> AskAsync(MeetingCommand command, CancellationToken ct) =>
        mailbox.AskAsync<Outcome>(reply => new Letter.Ask(command, reply), ct);

    /// <summary>How the media does now; null where it is gone.</summary>
    public Task<MediaSnapshot?> LookAsync(CancellationToken ct) => mailbox.AskAsync<MediaSnapshot>(reply => new Letter.Look(reply), ct);

    public void Tick() => mailbox.PutTick();
    public void OnCaptionsStatus(int run, CaptionsStatus status, SpeechEffort effort) => mailbox.PutStatus(run, status, effort);
    public bool WantsLevels => Levels.HasReaders;
    public void OnLevels(LevelReading reading) => Levels.Publish(reading);
    public void OnMix(int run, MadeFile mix) => mailbox.Put(new Letter.Made(new MeetingCommand.FilesMade(run, [new ReadyFile(RecordingId.New(clock.GetUtcNow()), mix)])));

    private async Task TakeLetterAsync(CancellationToken stopping)
    {
        var letter = await mailbox.TakeAsync(stopping);
        try
        {
            await HandleAsync(letter, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            Answer(letter, null);
            throw;
        }
        catch (Exception e)
        {
            if (e is not IOException) BeganAgain(e, id);
            else if (!isStoreRefusing) StoreRefuses(e, id);
            isStoreRefusing = e is IOException;
            metrics.Restarted();
            meeting = null;
            if (letter is Letter.Opened or Letter.Done or Letter.Broken) Postpone();
            Answer(letter, e);
        }
        BeginWorkThatIsDue(stopping);
        FollowSource();
    }

    private async Task HandleAsync(Letter letter, CancellationToken stopping)
    {
        if (letter is Letter.Opened or Letter.Done or Letter.Broken) isWorking = false;
        if (letter is Letter.Opened { Result: OpenMediaResult.Opened opened, Job: var job })
        {
            (media, openedBy) = (opened.Media, job);
            HearWhenBroken(media);
        }
        if (letter is Letter.Lost lost && lost.Media == media && meeting is null or { Status: MeetingStatus.Recording }) await BeginNewRunAsync(lost.Media);
        if (letter is Letter.Done { Command: MeetingCommand.MediaStopped stopped }) (media, lastSeen) = (null, stopped.Quality);

        if (await UpToDateAsync(stopping) is not { } m)
        {
            Answer(letter, null);
            return;
        }
        if (!isWorking) TellWhatCameMeanwhile(m, stopping);
        switch (letter)
        {
            case Letter.Ask ask:
                var refusal = m.Refuse(ask.Command);
                var after = await DecideAsync(m, ask.Command);
                metrics.Handled(ask.Command.GetType().Name, refused: refusal is not null);
                Answer(ask, m, new Outcome(after, refusal), stopping);
                break;
            case Letter.Look look:
                look.Reply.TrySetResult(Look(m));
                break;
            case Letter.News:
                if (mailbox.TakeStatus() is { } status) m = await DecideAsync(m, status);
                if (!mailbox.TakeTick()) break;
                if (m.Status == MeetingStatus.Recording && Look(m) is { } seen) m = await SeeAsync(m, seen);
                await DecideAsync(m, new MeetingCommand.Tick());
                break;
            case Letter.Opened { Result: OpenMediaResult.NoCapacity none } o:
                Postpone();
                CouldNotOpen(id, o.Job.Port, none.Detail, notBefore - clock.GetElapsedTime(0));
                break;
            case Letter.Opened:
                failures = 0;
                WentOn(id, m.Run, media!.Port);
                break;
            case Letter.Done { Command: MeetingCommand.MediaProcessed } when mailbox.RefusesCaptions:
                mailbox.TakeCaptionsAgain();   // more were made than could be stored meanwhile: the rest is made again
                break;
            case Letter.Done done:
                await DecideAsync(m, done.Command);
                failures = 0;
                break;
            case Letter.Made made:
                await DecideAsync(m, made.Command);
                break;
            case Letter.Broken broken:
                Postpone();
                WorkBroke(broken.Reason, id, notBefore - clock.GetElapsedTime(0));
                break;
            case Letter.TakeBack back:
                TellOf(m, await DecideAsync(m, new MeetingCommand.EndTrack(back.Track)), stopping);
                break;
        }
    }

    /// <summary>The meeting as it is stored, in this run, with every caption that was heard before now; null where it was withdrawn.</summary>
    private async Task<Meeting?> UpToDateAsync(CancellationToken stopping)
    {
        if (meeting is null)
        {
            meeting = await store.LoadAsync(tenant, id, stopping);
            isWithdrawn = meeting is null;
            if (meeting is null) return null;
            Changes.Pulse();   // a commit may have succeeded without our knowing
        }
        if (isNewRun)
        {
            await DecideAsync(meeting, new MeetingCommand.Recovered(meeting.Run + 1));
            isNewRun = false;
        }
        return await StoreCaptionsAsync(meeting);
    }

    /// <summary>Many captions, one commit. Where it fails they stay, and are tried again with the next letter.</summary>
    private async Task<Meeting> StoreCaptionsAsync(Meeting m)
    {
        var heard = mailbox.Captions();
        if (heard.Length == 0) return m;

        var now = m.Now(clock);
        var with = m;
        List<MeetingEvent> decided = [];
        foreach (var (run, caption) in heard)
        {
            var one = with.Decide(new MeetingCommand.CaptionHeard(run, new SegmentId(caption.Segment), caption), now);
            with = with.Apply(one);
            decided.AddRange(one);
        }
        m = await StoreAsync(m, decided);
        mailbox.CaptionsAreStored(heard.Length);
        foreach (var (_, caption) in heard) Said.Settle(caption.Segment);      // also of those that were no news
        return m;
    }

    private Task<Meeting> DecideAsync(Meeting m, MeetingCommand command) => StoreAsync(m, m.Decide(command, m.Now(clock)));

    private async Task<Meeting> StoreAsync(Meeting m, IReadOnlyList<MeetingEvent> decided)
    {
        if (decided.Count == 0) return m;
        var after = m.Apply(decided);
        await store.CommitAsync(after, decided);
        if (isStoreRefusing) StoreTakes(id);
        isStoreRefusing = false;
        meeting = after;
        Changes.Pulse();
        return after;
    }

    private async Task LeaveAsync()
    {
        var leavingSource = LeaveSourceAsync();                                      // its seconds are not to keep media open
        await running;
        await mediaCalls;
        var left = mailbox.Close();
        foreach (var letter in left)
        {
            if (letter is Letter.Opened { Result: OpenMediaResult.Opened opened }) media = opened.Media;
            Answer(letter, null);
        }
        foreach (var (ask, _) in untilOpened) Answer(ask, null);
        if (media is not null) await work.CloseAsync(id, media);
        await leavingSource;
        await KeepLastCaptionsAsync();
    }

    private async Task KeepLastCaptionsAsync()
    {
        try
        {
            if (meeting is not null) await StoreCaptionsAsync(meeting);
        }
        catch (Exception e)
        {
            CaptionsLeft(e, id);   // made again from the journal after the next start
        }
        mailbox.CaptionsAreStored(mailbox.Captions().Length);   // or never will be
    }
}
