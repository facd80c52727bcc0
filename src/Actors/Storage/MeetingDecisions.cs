using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage;

/// <summary>Deciding for a meeting that is over: it has no owner, and whoever decides does so on the newest state there is.</summary>
internal static class MeetingDecisions
{
    /// <summary>Decides, again where somebody else did meanwhile, and stores it.</summary>
    /// <returns>The state after it; null where there is no such meeting.</returns>
    public static async Task<Meeting?> DecideAsync(
        this IMeetingStore store, TenantId tenant, MeetingId id, Func<Meeting, IReadOnlyList<MeetingEvent>> decide, CancellationToken ct)
    {
        while (await store.LoadAsync(tenant, id, ct) is { } meeting)
        {
            var decided = decide(meeting);
            if (decided.Count == 0) return meeting;
            var after = meeting.Apply(decided);
            try
            {
                await store.CommitAsync(after, decided);
                return after;
            }
            catch (StaleMeetingException)
            {
                // Somebody else changed it in between: decide again.
            }
        }
        return null;
    }
}
