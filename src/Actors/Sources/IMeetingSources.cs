using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Sources;

/// <summary>Fetches the media of meetings that have a source.</summary>
public interface IMeetingSources
{
    /// <summary>Begins to forward the source's streams to the meeting, each as a track of it, until told otherwise.</summary>
    /// <param name="meeting">Records, and has its port; its open tracks of an earlier life are gone on with where they can be.</param>
    IMeetingSource Watch(Meeting meeting, ISourcedMeeting owner);

    /// <summary>Takes back what an earlier life of a meeting that records no more may have left at its source.</summary>
    IMeetingSource CleanUp(Meeting meeting);
}

/// <summary>One meeting's source at work. Disposing leaves what is forwarded as it is: the next life of the meeting goes on with it.</summary>
public interface IMeetingSource : IAsyncDisposable
{
    /// <summary>The meeting records no more: takes back all that was asked of the source. Ends within seconds, whatever the source does; never faults.</summary>
    Task EndAsync();
}

/// <summary>The meeting as its source tells it: through its owner, like everybody.</summary>
public interface ISourcedMeeting
{
    /// <summary>The tracks as the meeting has them; null where it takes none any more.</summary>
    Task<IReadOnlyList<Track>?> AddTracksAsync(IReadOnlyList<TrackSpec> tracks, CancellationToken ct);
    /// <summary>The meeting after it; null where it has no owner any more.</summary>
    Task<Meeting?> TellAsync(MeetingCommand command, CancellationToken ct);
}
