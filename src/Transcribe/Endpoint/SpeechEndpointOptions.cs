namespace Pipeline.Transcribe.Endpoint;

/// <summary>Another machine's speech engine, and how much may be asked of it.</summary>
public sealed record SpeechEndpointOptions
{
    /// <summary>What <c>/audio/transcriptions</c> is put behind, such as <c>https://gpu.example/v1</c>; without a slash at its end.</summary>
    public required string Url { get; init; }

    /// <summary>Sent as a bearer token; null: none is asked for.</summary>
    public string? Key { get; init; }

    /// <summary>As the endpoint knows it.</summary>
    public string Model { get; init; } = "whisper-1";

    /// <summary>Requests at once. A GPU server puts some together; most others take them one by one.</summary>
    public int AtOnce { get; init; } = 4;

    /// <summary>How long one answer may take; of jobs that nobody waits for several times as long.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How much speech may wait, over all meetings: what does not fit is kept by its meeting.</summary>
    public TimeSpan MaxWaiting { get; init; } = TimeSpan.FromMinutes(10);
}
