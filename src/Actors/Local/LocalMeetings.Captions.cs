using System.Runtime.CompilerServices;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Local;

/// <summary>What is said, to readers: finals from the archive, partials as they are.</summary>
public sealed partial class LocalMeetings
{
    /// <summary>
    /// A reader remembers which open segments it was shown. One of them that is open no longer, whose final is not on its way, and not
    /// among what was stored meanwhile, came to nothing.
    /// </summary>
    public async IAsyncEnumerable<SegmentUpdate> CaptionsAsync(TenantId tenant, MeetingId id, long after, [EnumeratorCancellation] CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, stopping.Token);
        await started.Task.WaitAsync(either.Token);
        var shown = new Dictionary<Guid, SegmentUpdate.Partial>();
        var stored = Task.CompletedTask;
        Meeting? meeting = null;
        while (true)
        {
            // In this order: the signals, what is said, the archive. What comes later than one is seen by the next round; and whatever is
            // open no longer was stored before, so its final is in the archive by the time that is read.
            var owner = owners.GetValueOrDefault(id);
            var said = owner?.Said.Next;
            var (open, ending) = owner?.Said.Look() ?? ([], new HashSet<Guid>());
            if (stored.IsCompleted)
            {
                stored = owner?.Changes.Next ?? Task.CompletedTask;
                meeting = await store.FindAsync(tenant, id, either.Token);
                if (meeting is null) yield break;
                var page = await store.SegmentsAsync(tenant, id, after, PageOfFeed, either.Token);
                var ended = page.Select(segment => segment.Id.Value).ToHashSet();
                open = [.. open.Where(caption => !ended.Contains(caption.Segment))];
                foreach (var segment in page)
                {
                    shown.Remove(segment.Id.Value);
                    after = segment.Sequence;
                    yield return new SegmentUpdate.Final(segment);
                }
                if (page.Count == PageOfFeed)
                {
                    stored = Task.CompletedTask;
                    continue;
                }
            }

            bool IsGone(Guid segment) => meeting!.IsOver || (open.All(one => one.Segment != segment) && !ending.Contains(segment));
            var gone = shown.Values.Where(last => IsGone(last.Caption.Segment)).ToList();
            foreach (var last in gone)
            {
                shown.Remove(last.Caption.Segment);
                yield return new SegmentUpdate.Withdrawn(last.Track, last.Caption);
            }
            if (meeting!.IsOver) yield break;
            foreach (var caption in open)
            {
                if (shown.TryGetValue(caption.Segment, out var before) && before.Caption.Revision >= caption.Revision) continue;
                if (caption.Track > meeting.Tracks.Count) continue;              // of a track that is newer than what was read: with the next round
                var partial = new SegmentUpdate.Partial(meeting.Tracks[caption.Track - 1].Track, caption);
                shown[caption.Segment] = partial;
                yield return partial;
            }
            either.Token.ThrowIfCancellationRequested();
            if (owner is null) throw new InvalidOperationException($"{id} has no owner.");
            await (await Task.WhenAny(stored, said!).WaitAsync(either.Token));
        }
    }
}
