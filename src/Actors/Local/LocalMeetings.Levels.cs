using System.Runtime.CompilerServices;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Local;

/// <summary>How loud everybody is, while it happens.</summary>
public sealed partial class LocalMeetings
{
    /// <summary>A reader that is slow is given the newest, not all of them.</summary>
    public async IAsyncEnumerable<MeetingLevels> LevelsAsync(TenantId tenant, MeetingId id, [EnumeratorCancellation] CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, stopping.Token);
        await started.Task.WaitAsync(either.Token);
        if (await store.FindAsync(tenant, id, either.Token) is not { IsOver: false } meeting) yield break;
        if (!owners.TryGetValue(id, out var owner))
        {
            either.Token.ThrowIfCancellationRequested();
            yield break;                                                             // over since
        }

        var seen = owner.Levels.Newest;                                              // before listening: whatever is made from then on is new
        using var listening = owner.Levels.Listen();
        var changed = Task.CompletedTask;
        while (true)
        {
            var next = owner.Levels.Next;                                            // before the newest is looked at: none is missed
            var reading = owner.Levels.Newest;
            bool isNew = reading is not null && !ReferenceEquals(reading, seen);
            if (changed.IsCompleted || (isNew && reading!.Tracks.Any(level => level.Track > meeting.Tracks.Count)))
            {
                changed = owner.Changes.Next;
                if (await store.FindAsync(tenant, id, either.Token) is not { IsOver: false } now) yield break;
                meeting = now;
            }
            if (isNew) yield return Of(meeting, seen = reading!);
            else await (await Task.WhenAny(next, changed).WaitAsync(either.Token));
        }
    }

    private static MeetingLevels Of(Meeting meeting, LevelReading reading) => new(
        reading.At,
        [.. reading.Tracks.Where(level => level.Track <= meeting.Tracks.Count)
            .Select(level => new TrackLevelView(meeting.Tracks[level.Track - 1].Track.Id, level.LevelDb, level.IsSpeaking))]);
}
