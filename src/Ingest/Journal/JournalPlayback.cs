using System.Net;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Journal;

/// <summary>
/// Plays a journal into a pipeline as if its packets came again: same packets, same arrival times. Packets of an SSRC that a track
/// claimed late lie in the journal up to ten seconds after their time; <see cref="MediaPipeline.ReplayDelay"/> gives them their place.
/// </summary>
public sealed class JournalPlayback(MediaPipeline pipeline)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);
    private TimeSpan newest, advanced;                                               // of the records; told to the pipeline
    private bool closed;

    /// <summary>Asked of each track before it is added: false leaves it out, with all of its packets. Null: all are taken.</summary>
    public Func<TrackAdded, bool>? Takes { get; init; }

    /// <summary>Raised before the track's first packet.</summary>
    public event Action<MediaTrack>? TrackAdded;

    /// <summary>Meeting time up to which the pipeline was told to go.</summary>
    public TimeSpan Advanced => advanced;

    public void Play(JournalBlock block)
    {
        foreach (var record in block)
        {
            if (record.Kind == RecordKind.Rtp) pipeline.Replay(record.Track, record.Data, record.Arrival);
            else if (record.Kind == RecordKind.RtpHeader) pipeline.ReplayHeader(record.Track, record.Data, record.Arrival);
            else if (record.Kind == RecordKind.Rtcp) pipeline.ReplayRtcp(record.Track, record.Data, record.Arrival);
            else if (record.Control is { } control)
            {
                if (record.Arrival > advanced) Advance(record.Arrival);              // what follows holds from then on, and not from the packet before
                Apply(control, record.Arrival);
            }

            if (record.Arrival > newest) newest = record.Arrival;
            if (newest - advanced < Step) continue;
            Advance(newest);
        }
    }

    /// <summary>Nobody recorded from the newest record until <paramref name="at"/>: to whoever was there it is an outage, or was withheld longer.</summary>
    public void Interrupt(TimeSpan at)
    {
        foreach (var track in pipeline.Tracks)
            if (!track.Ended && track.HasPackets && at > newest) track.Interrupt(newest, at);
    }

    /// <summary>Plays out everything. A journal that nobody closed ended in a crash.</summary>
    public void Finish(TimeSpan duration)
    {
        if (!closed) Interrupt(duration);
        pipeline.Finish(duration);
    }

    /// <summary>Lets time go by without a packet.</summary>
    public void Advance(TimeSpan now)
    {
        pipeline.Advance(now);
        advanced = now;
    }

    private void Apply(ControlRecord control, TimeSpan at)
    {
        switch (control)
        {
            case MeetingOpened { Run: > 1 }:
                Interrupt(at);
                pipeline.HearAll(at);                                                // a run that goes on with a pause says so
                break;
            case Paused paused:
                pipeline.Pause(JournalFormat.FromMicroseconds(paused.AtUs));
                break;
            case Resumed resumed:
                pipeline.Resume(JournalFormat.FromMicroseconds(resumed.AtUs));
                break;
            case ParticipantConsent consent:
                pipeline.SetConsent(
                    consent.Participant, consent.IsDenied, JournalFormat.FromMicroseconds(consent.AtUs),
                    consent.SaidUs is { } said ? JournalFormat.FromMicroseconds(said) : null);
                break;
            case MeetingClosed:
                closed = true;
                break;
            case TrackAdded added when pipeline.Tracks.All(t => t.Description.Number != added.Number) && Takes?.Invoke(added) != false:
                var track = pipeline.AddTrack(Describe(added));                      // also when nobody listens
                TrackAdded?.Invoke(track);
                break;
            case TrackChanged changed:
                pipeline.ChangeTrack(changed.Number, changed.Name, changed.Ssrc);
                break;
            case TrackEnded ended:
                pipeline.EndTrack(ended.Number);
                break;
            case PacketsMissed missed:
                var kind = missed.Kind == "overrun" ? GapKind.Overrun : GapKind.Storage;
                pipeline.NoteMissed(JournalFormat.FromMicroseconds(missed.FromUs), JournalFormat.FromMicroseconds(missed.ToUs), kind, missed.Track);
                break;
        }
    }

    private static TrackDescription Describe(TrackAdded added) => new(
        added.Number, added.Participant, added.Name, added.Codec, (byte)added.PayloadType, added.ClockRate, added.Channels, added.Ssrc,
        (byte?)added.AudioLevelExtension, From: (IPNetwork?)null)
    {
        Kind = added.Kind == "video" ? MediaKind.Video : MediaKind.Audio,
        Source = added.Source,
        Fmtp = added.Fmtp,
        RedPayloadType = (byte?)added.RedPayloadType,
        Rtx = added.Rtx is { } rtx ? new RtxParameters((byte)rtx.PayloadType, rtx.Ssrc) : null,
        Layers = [.. (added.Layers ?? []).Select(l => new LayerParameters(l.Rid, l.Ssrc))],
        OrientationExtension = (byte?)added.OrientationExtension,
    };
}
