using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Decisions;

/// <summary>One block of a meeting's file of decisions.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Committed), "commit")]
[JsonDerivedType(typeof(Numbered), "numbers")]
[JsonDerivedType(typeof(Corrected), "correction")]
[JsonDerivedType(typeof(Remade), "remade")]
internal abstract record DecisionRecord
{
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, DecisionJson.Default.DecisionRecord);

    /// <summary>False for a record of a later version, or none at all.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, [NotNullWhen(true)] out DecisionRecord? record)
    {
        try { record = JsonSerializer.Deserialize(json, DecisionJson.Default.DecisionRecord); }
        catch (Exception e) when (e is JsonException or NotSupportedException) { record = null; }
        return record is not null;
    }
}

/// <summary>One decision, before the archive knows of it. Of several for one revision the last counts, and with it nothing that followed the earlier ones.</summary>
/// <param name="Revision">Of the meeting after it.</param>
internal sealed record Committed(long Revision, IReadOnlyList<MeetingEvent> Events) : DecisionRecord
{
    /// <summary>The whole state, now and then: what was lost before it costs nothing behind it.</summary>
    public Meeting? After { get; init; }
}

/// <summary>The archive has taken a decision, and this is what the tenant's ledger calls it.</summary>
/// <param name="First">The number of the first event that the ledger shows; the others follow it.</param>
internal sealed record Numbered(long Revision, long First) : DecisionRecord;

/// <summary>Somebody wrote a segment's text anew; before the archive knows of it.</summary>
/// <param name="Revision">Of the correction, from 1; of several the last counts.</param>
/// <param name="By">The key's id.</param>
/// <param name="Text">Null: the archive refused it.</param>
internal sealed record Corrected(long Sequence, int Revision, string By, DateTimeOffset At, string? Text) : DecisionRecord;

/// <summary>A recording's file was lost and has been made again: it is the same recording.</summary>
internal sealed record Remade(RecordingId Id, MadeFile File) : DecisionRecord;

[JsonSourceGenerationOptions(
    UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(MeetingIdJson), typeof(TrackIdJson), typeof(TenantIdJson), typeof(SegmentIdJson), typeof(RecordingIdJson)])]
[JsonSerializable(typeof(DecisionRecord))]
internal sealed partial class DecisionJson : JsonSerializerContext;
