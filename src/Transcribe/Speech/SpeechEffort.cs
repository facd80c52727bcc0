namespace Pipeline.Transcribe.Speech;

/// <summary>How much of captions the engine can afford, from all there is down to not even all of it live. Each step is cheaper than the one before.</summary>
public enum SpeechEffort
{
    /// <summary>Partials of everybody, a second apart.</summary>
    Full,
    /// <summary>Partials three times as far apart.</summary>
    LongerHop,
    /// <summary>These only of whoever speaks the loudest in a meeting.</summary>
    LoudestOnly,
    /// <summary>No partials.</summary>
    FinalsOnly,
    /// <summary>Finals that cannot be made soon are put off, and made when there is time.</summary>
    Deferred,
}
