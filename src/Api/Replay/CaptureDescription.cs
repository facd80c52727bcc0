using System.Text.Json;

namespace Pipeline.Api.Replay;

/// <summary>The JSON beside a capture: which streams it holds and whose they are.</summary>
public sealed record CaptureDescription
{
    /// <summary>The capture's file name, in the same folder.</summary>
    public string? Pcap { get; init; }
    public required IReadOnlyList<CaptureStream> Streams { get; init; }
    public IReadOnlyDictionary<string, CaptureParticipant> Participants { get; init; } = new Dictionary<string, CaptureParticipant>();

    /// <exception cref="ReplayException">It is no such JSON, or names nothing that can be told apart.</exception>
    public static CaptureDescription Parse(ReadOnlySpan<byte> json)
    {
        CaptureDescription? description;
        try
        {
            description = JsonSerializer.Deserialize(json, ReplayJson.Default.CaptureDescription);
        }
        catch (JsonException e)
        {
            throw new ReplayException($"The capture's description is not as expected: {e.Message}", e);
        }
        if (description?.Streams is not { Count: > 0 } streams || streams.Any(s => s is null || string.IsNullOrWhiteSpace(s.Participant)))
            throw new ReplayException("The capture's description names no streams.");
        if (streams.DistinctBy(s => s.Ssrc).Count() != streams.Count)
            throw new ReplayException("The capture's description names one SSRC twice.");
        return description;
    }
}

/// <param name="Participant">Who sends it; the key of <see cref="CaptureDescription.Participants"/>.</param>
/// <param name="Kind">"audio" or "video".</param>
public sealed record CaptureStream(string Participant, string Kind, string Codec, uint Ssrc, byte Pt, int ClockRate)
{
    /// <summary>How many of it the capture holds; null where nobody counted.</summary>
    public int? Packets { get; init; }
    /// <summary>Null for plain RTP, the only one that is replayed.</summary>
    public JsonElement? Srtp { get; init; }
    public IReadOnlyDictionary<string, string>? HeaderExtensions { get; init; }
}

/// <param name="MicOpenedAt">Unix seconds at which the first sample of the participant's reference sound lies.</param>
public sealed record CaptureParticipant(double? MicOpenedAt = null);
