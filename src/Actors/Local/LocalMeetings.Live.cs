using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Local;

/// <summary>The mix, while it is made.</summary>
public sealed partial class LocalMeetings
{
    public async Task<LiveListening?> ListenAsync(TenantId tenant, MeetingId id, CancellationToken ct)
    {
        await started.Task.WaitAsync(ct);                                            // before, the meeting has no run to ask
        if (await store.FindAsync(tenant, id, ct) is not { } meeting || work.FindLiveMix(id) is not { } mix) return null;
        bool isOver = mix.IsOver && meeting.Status != MeetingStatus.Recording;       // before its parts are looked at: none is missed
        return new LiveListening([.. mix.Parts.Select(part => new LivePartView(part.Name, part.HeaderLength, part.Fragments, part.OpenRead))], isOver);
    }
}
