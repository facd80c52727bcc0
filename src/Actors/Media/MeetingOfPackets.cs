using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Journal;
using JournalTrackEnded = Pipeline.Ingest.Journal.TrackEnded;

namespace Pipeline.Actors.Media;

/// <summary>
/// A meeting as its packets' journal knows it, where what was decided about it is lost: who it was of, what was to be recorded, and its
/// tracks. It has ended where the journal ends, and its files and captions are to be made of it.
/// </summary>
internal static class MeetingOfPackets
{
    /// <summary>A spec as the journal keeps it.</summary>
    public static JsonElement Written(MeetingSpec spec) => JsonSerializer.SerializeToElement(spec, SpecJson.Default.MeetingSpec);

    /// <summary>Null where the journal does not say when the meeting began.</summary>
    /// <param name="unknown">Whose it is where the journal does not say, as those of earlier versions do not.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static Meeting? Read(MeetingId id, JournalReader journal, TenantId unknown)
    {
        MeetingOpened? opened = null, told = null;
        var tracks = new SortedDictionary<int, TrackView>();
        TimeSpan end = TimeSpan.Zero;
        foreach (var block in journal.ReadBlocks())
        {
            foreach (var record in block)
            {
                if (record.Arrival > end) end = record.Arrival;
                switch (record.Kind == RecordKind.Control ? record.Control : null)
                {
                    case MeetingOpened run:
                        opened = run;
                        if (run.Spec is not null) told = run;
                        break;
                    case TrackAdded added:
                        var view = Described(added, id);
                        tracks[added.Number] = tracks.TryGetValue(added.Number, out var had) ? had with { Track = view.Track with { EndedAt = had.Track.EndedAt } } : view;
                        break;
                    case JournalTrackEnded ended when tracks.TryGetValue(ended.Number, out var view2) && opened is not null:
                        tracks[ended.Number] = view2 with { Track = view2.Track with { EndedAt = opened.StartedAt + TimeSpan.FromMicroseconds(ended.AtUs) } };
                        break;
                    case ParticipantConsent said:
                        foreach (var (number, of) in tracks.Where(t => t.Value.Track.Spec.Participant.Id == said.Participant).ToList())
                            tracks[number] = of with { Track = of.Track with { Spec = of.Track.Spec with { Participant = of.Track.Spec.Participant with { Consent = said.Consent } } } };
                        break;
                    case MeetingClosed closed:
                        end = TimeSpan.FromMicroseconds(closed.DurationUs);
                        break;
                }
            }
        }
        if (opened is null) return null;

        var spec = Spec(told);
        var endedAt = opened.StartedAt + end;
        return new Meeting
        {
            Id = id,
            Tenant = opened.Tenant is { } tenant ? new TenantId(tenant) : unknown,
            Spec = spec,
            StartedAt = opened.StartedAt,
            EndedAt = endedAt,
            Status = MeetingStatus.Stopping,
            Reason = "recovered",
            Port = 0,
            Run = opened.Run,
            Tracks = [.. Numbered(tracks).Select(t => t with { Status = TrackStatus.Ended, Track = t.Track with { EndedAt = t.Track.EndedAt ?? endedAt } })],
            Captions = spec.Captions ? CaptionsStatus.Deferred : CaptionsStatus.Off,
            ListeningSince = opened.StartedAt,
            History = [new StatusChange(MeetingStatus.Recording, opened.StartedAt, null), new StatusChange(MeetingStatus.Stopping, endedAt, "recovered")],
            Revision = 1,
            Version = 1,
        };
    }

    private static MeetingSpec Spec(MeetingOpened? told)
    {
        try { return told?.Spec?.Deserialize(SpecJson.Default.MeetingSpec) ?? new MeetingSpec(); }
        catch (JsonException) { return new MeetingSpec(); }
    }

    /// <summary>A track is known by its place: of one whose coming was lost there is no more than that.</summary>
    private static IEnumerable<TrackView> Numbered(SortedDictionary<int, TrackView> tracks)
    {
        for (int number = 1; number <= tracks.Keys.LastOrDefault(); number++)
            yield return tracks.TryGetValue(number, out var view) ? view : Described(new TrackAdded(number, $"unknown-{number}", $"unknown-{number}", "opus", 0, 48000, 2, null, null), default);
    }

    private static TrackView Described(TrackAdded added, MeetingId meeting)
    {
        var id = TrackId.TryParse(added.Id, out var known) ? known : new TrackId(Derived(meeting, added.Number));
        var spec = new TrackSpec
        {
            Participant = new Participant(added.Participant, added.Name, "unknown"),
            Kind = added.Kind,
            Source = added.Source,
            Codec = added.Codec,
            PayloadType = (byte)added.PayloadType,
            ClockRate = added.ClockRate,
            Channels = added.Channels,
            Ssrc = added.Ssrc,
            RedPayloadType = (byte?)added.RedPayloadType,
            Rtx = added.Rtx is { } rtx ? new RtxSpec((byte)rtx.PayloadType, rtx.Ssrc) : null,
            Layers = [.. (added.Layers ?? []).Select(l => new LayerSpec(l.Rid, l.Ssrc))],
            Fmtp = added.Fmtp,
        };
        return new TrackView(new Track(id, added.Number, spec), TrackStatus.Ended, Authenticated.None);
    }

    /// <summary>The same whenever it is asked: the meeting's own with its last bytes changed by the number.</summary>
    private static Guid Derived(MeetingId meeting, int number)
    {
        Span<byte> bytes = stackalloc byte[16];
        meeting.Value.TryWriteBytes(bytes, bigEndian: true, out _);
        (bytes[14], bytes[15]) = ((byte)(bytes[14] ^ (number >> 8)), (byte)(bytes[15] ^ number));
        return new Guid(bytes, bigEndian: true);
    }
}

[JsonSourceGenerationOptions(UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MeetingSpec))]
internal sealed partial class SpecJson : JsonSerializerContext;
