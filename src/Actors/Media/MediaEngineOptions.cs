using System.Net;

namespace Pipeline.Actors.Media;

/// <summary>Where media comes in and where it is kept.</summary>
public sealed record MediaEngineOptions
{
    /// <summary>One folder a meeting lies in its `meetings`.</summary>
    public required string DataFolder { get; init; }
    public required IPAddress BindAddress { get; init; }
    /// <summary>First and last port of the range; each meeting takes an even one and the odd one above.</summary>
    public required (int First, int Last) Ports { get; init; }
    /// <summary>Take plain RTP from anywhere, also for tracks that do not say where their sender is.</summary>
    public bool AllowPlainRtp { get; init; }
    /// <summary>New meetings are refused when less than this is free: those that run need it to end well.</summary>
    public long DiskReserveBytes { get; init; } = 256L << 20;
    /// <summary>How long a stop waits for captions of what was said; a minute's utterances take seconds.</summary>
    public TimeSpan CaptionPatience { get; init; } = TimeSpan.FromSeconds(45);
    /// <summary>Whether what was said in a meeting that is over is recognised once more, as well as the engine can.</summary>
    public bool RefinesTranscripts { get; init; } = true;
}
