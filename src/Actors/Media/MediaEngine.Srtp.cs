using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Actors.Media;

/// <summary>Protected tracks: their keys at rest, and whether this machine can use them.</summary>
public sealed partial class MediaEngine
{
    public SealedSrtp Seal(MeetingId meeting, SrtpParameters srtp, bool isNew) =>
        new(srtp.Suite.Name, Keys(meeting, isNew).SealStreamKey(srtp.Master.Span), srtp.RollOver);

    public byte[] SealSecret(MeetingId meeting, ReadOnlySpan<byte> secret, bool isNew) => Keys(meeting, isNew).SealStreamKey(secret);
    public byte[] OpenSecret(MeetingId meeting, ReadOnlySpan<byte> sealedSecret) => Keys(meeting, isNew: false).OpenStreamKey(sealedSecret);

    public IReadOnlyList<MeetingId> Unopened() => MeetingFolder.Unused(options.DataFolder);

    public void Discard(MeetingId meeting)
    {
        try { new MeetingFolder(options.DataFolder, meeting).DeleteUnused(); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { NotDiscarded(meeting, e); }
    }

    private MeetingKeys Keys(MeetingId meeting, bool isNew)
    {
        var folder = new MeetingFolder(options.DataFolder, meeting);
        return isNew ? folder.OpenOrCreateKeys(vault) : folder.OpenKeys(vault);
    }

    private static bool IsProtected(Track track) => track is { EndedAt: null, Spec.Srtp: not null };

    /// <summary>One sentence where some track's suite cannot be done here; null where all can.</summary>
    private static string? WhyNotProtected(MediaJob job)
    {
        foreach (var track in job.Tracks.Where(IsProtected))
            if (!SrtpLibrary.Supports(SrtpSuite.Find(track.Spec.Srtp!.Suite)!, out string? why)) return why;
        return null;
    }
}
