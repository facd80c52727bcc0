using Microsoft.Extensions.Logging;
using Pipeline.Actors.Media;
using Pipeline.Actors.Storage;

namespace Pipeline.Actors.Meetings;

/// <summary>
/// Recognises what was said in meetings that are over once more, as well as the engine can: one meeting after the other, the oldest first, after
/// everything that is being said and every caption that is still owed. A pass is stored when it is whole; one that a restart interrupts is begun again. A
/// meeting that is over has no owner: this decides for it as whoever changes its title does, on the newest state there is.
/// </summary>
internal sealed partial class TranscriptRefiner(IMediaEngine engine, IMeetingStore store, TimeProvider clock, ActorsMetrics metrics, ILogger<TranscriptRefiner> log)
{
    /// <summary>How often it is looked whether there is something to do. Nobody waits for it.</summary>
    internal static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);
    /// <summary>A meeting that could not be finished is tried again after this, so that it keeps no other one waiting.</summary>
    internal static readonly TimeSpan TryAgainAfter = TimeSpan.FromMinutes(10);

    /// <summary>People do not correct faster than this decides.</summary>
    private const int MaxTries = 10;

    private readonly Dictionary<MeetingId, TimeSpan> notBefore = [];

    /// <summary>Until <paramref name="stopping"/>; never throws.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            using var timer = new PeriodicTimer(LookEvery, clock);
            while (await timer.WaitForNextTickAsync(stopping))
            {
                try { await WorkOffAsync(stopping); }
                catch (Exception e) when (!stopping.IsCancellationRequested) { CouldNotLook(e); }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Those that are owed are owed after the next start.
        }
    }

    private async Task WorkOffAsync(CancellationToken stopping)
    {
        if (!engine.CanRefine) return;
        foreach (var owing in await store.OwingRefinementAsync(stopping))
        {
            if (notBefore.TryGetValue(owing.Id, out var at) && clock.GetElapsedTime(0) < at) continue;
            if (!engine.CanRefine) return;
            bool whole = false;
            try { whole = await RefineAsync(owing, stopping); }
            catch (Exception e) when (!stopping.IsCancellationRequested) { NotFinished(e, owing.Id); }
            if (whole) notBefore.Remove(owing.Id);
            else notBefore[owing.Id] = clock.GetElapsedTime(0) + TryAgainAfter;
        }
    }

    /// <summary>False when it is still owed.</summary>
    private async Task<bool> RefineAsync(UnfinishedMeeting owing, CancellationToken stopping)
    {
        if (await store.LoadAsync(owing.Tenant, owing.Id, stopping) is not { OwesRefinement: true } meeting) return true;
        var live = await LiveAsync(meeting, stopping);
        HeardSpan[] corrected = [.. live.Where(l => l.Segment.Correction is not null).Select(l => new HeardSpan(l.Track, l.Segment.Start, l.Segment.End))];
        var heard = await engine.RefineAsync(
            meeting.Job(await store.HeardAsync(owing.Tenant, owing.Id, stopping)), meeting.Length(meeting.EndedAt ?? meeting.StartedAt), corrected, span => RefinementPlan.IsWanted(live, span), stopping);
        if (heard is null) return false;

        for (int tries = 0; tries < MaxTries; tries++)
        {
            if (await store.LoadAsync(owing.Tenant, owing.Id, stopping) is not { OwesRefinement: true } newest) return true;
            live = await LiveAsync(newest, stopping);                                // with what was corrected meanwhile
            var plan = RefinementPlan.Make(live, heard);
            var decided = newest.Decide(new MeetingCommand.TranscriptRefined(newest.Run, plan), newest.Now(clock));
            try
            {
                await store.CommitAsync(newest.Apply(decided), decided);
                Tell(owing.Id, live.Count, plan);
                return true;
            }
            catch (StaleMeetingException)
            {
                // Its title was changed in between, or one of its segments corrected: decide again.
            }
        }
        return false;
    }

    private async Task<IReadOnlyList<LiveSegment>> LiveAsync(Meeting meeting, CancellationToken stopping)
    {
        var numbers = meeting.Tracks.ToDictionary(t => t.Track.Id, t => t.Track.Number);
        var segments = await store.TranscriptAsync(meeting.Tenant, meeting.Id, TranscriptVersion.Live, stopping) ?? [];
        return [.. segments.Select(segment => new LiveSegment(numbers[segment.Track], segment))];
    }

    private void Tell(MeetingId id, int segments, RefinementPlan plan)
    {
        metrics.Refined("kept", segments - plan.Rewritten.Count - plan.Superseded.Count);
        metrics.Refined("rewritten", plan.Rewritten.Count);
        metrics.Refined("superseded", plan.Superseded.Count);
        metrics.Refined("added", plan.Added.Count);
        Finished(id, segments, plan.Rewritten.Count, plan.Superseded.Count, plan.Added.Count);
    }
}
