using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Media;
using Pipeline.Actors.Storage;
using Pipeline.Ingest.Streams;
using Pipeline.Transcribe.Captions;
using SpeechEffort = Pipeline.Transcribe.Speech.SpeechEffort;

namespace Pipeline.Actors.Meetings;

/// <summary>
/// Makes the captions that meetings which are over still owe, from their journals: one meeting after the other, the oldest first, while there is an engine, and
/// after everything that is being said. What is made is stored as it comes, so a restart goes on where this one ended. A meeting that is over has no
/// owner: this decides for it as whoever changes its title does, on the newest state there is.
/// </summary>
internal sealed partial class CaptionBacklog(IMediaEngine engine, IMeetingStore store, TimeProvider clock, ILogger<CaptionBacklog> log)
{
    /// <summary>How often it is looked whether there is an engine, and something for it to do.</summary>
    internal static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);
    /// <summary>How long what was made may wait to be stored.</summary>
    internal static readonly TimeSpan StoreEvery = TimeSpan.FromSeconds(1);
    /// <summary>A meeting that could not be finished is tried again after this, so that it keeps no other one waiting.</summary>
    internal static readonly TimeSpan TryAgainAfter = TimeSpan.FromMinutes(10);

    private readonly Dictionary<MeetingId, TimeSpan> notBefore = [];

    /// <summary>Until <paramref name="stopping"/>; never throws.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            using var timer = new PeriodicTimer(LookEvery, clock);
            do
            {
                try { await WorkOffAsync(stopping); }
                catch (Exception e) when (!stopping.IsCancellationRequested) { CouldNotLook(e); }
            } while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What is stored stays; the rest is made after the next start.
        }
    }

    private async Task WorkOffAsync(CancellationToken stopping)
    {
        if (!engine.CanHear) return;
        foreach (var owing in await store.OwingCaptionsAsync(stopping))
        {
            if (notBefore.TryGetValue(owing.Id, out var at) && clock.GetElapsedTime(0) < at) continue;
            if (!engine.CanHear) return;
            bool whole = false;
            try { whole = await FinishAsync(owing, stopping); }
            catch (Exception e) when (!stopping.IsCancellationRequested) { NotFinished(e, owing.Id); }
            if (whole) notBefore.Remove(owing.Id);
            else notBefore[owing.Id] = clock.GetElapsedTime(0) + TryAgainAfter;
        }
    }

    /// <summary>False when some are still owed.</summary>
    private async Task<bool> FinishAsync(UnfinishedMeeting owing, CancellationToken stopping)
    {
        if (await store.LoadAsync(owing.Tenant, owing.Id, stopping) is not { OwesCaptions: true } meeting) return true;
        var job = meeting.Job(await store.HeardAsync(owing.Tenant, owing.Id, stopping));
        var made = new MadeCaptions();
        using var given = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var making = engine.CaptionAsync(job, meeting.Length(meeting.EndedAt ?? meeting.StartedAt), made, given.Token);
        try
        {
            while (!making.IsCompleted)
            {
                stopping.ThrowIfCancellationRequested();
                await Task.WhenAny(making, Task.Delay(StoreEvery, clock, stopping));
                await StoreAsync(owing, made, stopping);
            }
        }
        finally
        {
            if (!making.IsCompleted) await given.CancelAsync();                      // what cannot be stored need not be made
            await ((Task)making).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        bool whole = await making;
        await StoreAsync(owing, made, stopping);
        if (!whole) return false;
        await store.DecideAsync(owing.Tenant, owing.Id, m => m.Decide(new MeetingCommand.CaptionsMade(m.Run), m.Now(clock)), stopping);
        Finished(owing.Id);
        return true;
    }

    private async Task StoreAsync(UnfinishedMeeting owing, MadeCaptions made, CancellationToken stopping)
    {
        var captions = made.Waiting();
        if (captions.Length == 0) return;
        await store.DecideAsync(owing.Tenant, owing.Id, m =>
        {
            var now = m.Now(clock);
            List<MeetingEvent> decided = [];
            foreach (var caption in captions)
            {
                var one = m.Decide(new MeetingCommand.CaptionHeard(m.Run, new SegmentId(caption.Segment), caption), now);
                m = m.Apply(one);
                decided.AddRange(one);
            }
            return decided;
        }, stopping);
        made.Forget(captions.Length);
    }

    /// <summary>Captions from any thread, until they are stored. Bounded by what one meeting says.</summary>
    private sealed class MadeCaptions : IMediaObserver
    {
        private readonly ConcurrentQueue<Caption> finals = new();

        public bool WantsLevels => false;
        public void OnCaption(int run, Caption caption) { if (caption.IsFinal) finals.Enqueue(caption); }
        public void OnCaptionsStatus(int run, CaptionsStatus status, SpeechEffort effort) { }
        public void OnLevels(LevelReading reading) { }
        public void OnMix(int run, MadeFile mix) { }

        public Caption[] Waiting() => [.. finals];

        public void Forget(int count)
        {
            for (int n = 0; n < count; n++) finals.TryDequeue(out _);
        }
    }
}
