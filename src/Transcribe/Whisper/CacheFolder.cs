namespace Pipeline.Transcribe.Whisper;

/// <summary>Where the set-up leaves the engine it built, and where models are kept: outside the source tree and outside the data.</summary>
public static class CacheFolder
{
    /// <summary>By the same rule as <c>deploy/setup.sh</c>.</summary>
    public static string Path => Environment.GetEnvironmentVariable("PIPELINE_CACHE") is { Length: > 0 } chosen
        ? System.IO.Path.GetFullPath(chosen)
        : System.IO.Path.Combine(UserCache(), "pipeline");

    public static string Models => System.IO.Path.Combine(Path, "models");

    private static string UserCache() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
        ? cache
        : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
}
