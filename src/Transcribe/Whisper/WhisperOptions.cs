namespace Pipeline.Transcribe.Whisper;

/// <summary>What to recognise with, and how much of the machine it may take.</summary>
public sealed record WhisperOptions
{
    /// <summary>A model file in ggml format, or the name of a well-known one such as <c>base.en</c>. Empty: no captions.</summary>
    public required string Model { get; init; }

    /// <summary>Jobs that run at once, one thread each: two short jobs side by side are faster than one on two threads. 1 … 256.</summary>
    public int Threads { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 4);

    /// <summary>Let the engine use a GPU, where it was built for one and there is one; else it takes the processor as ever.</summary>
    public bool UseGpu { get; init; }

    /// <summary>
    /// How much speech may wait for the worker, over all meetings. Ten minutes are 37 MiB; what does not fit is refused, and its
    /// meeting keeps it and asks again, so that the bound on memory is each meeting's own.
    /// </summary>
    public TimeSpan MaxWaiting { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long one job may run before the worker counts as stuck. The slowest model in use takes a third of it for 30 s of speech.</summary>
    public TimeSpan JobTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a worker may take to load its model: 3 GB from a slow disk.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Where models are looked for by name, and fetched to.</summary>
    public string ModelFolder { get; init; } = CacheFolder.Models;
}
