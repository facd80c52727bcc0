using System.Globalization;

namespace Pipeline.Benchmarks.Load;

/// <summary>What those do who do not talk.</summary>
internal enum Silence
{
    /// <summary>A packet every 20 ms, with an audio level of 127: a microphone switched off in a browser.</summary>
    Said,
    /// <summary>A packet every 400 ms (DTX, RFC 7587 §3.1.3), with that level.</summary>
    Unsent,
}

/// <summary>What the sender sends, and where to. Every destination gets the same packets.</summary>
/// <param name="Talking">Of each meeting's <see cref="Talkers.TracksEach"/>.</param>
/// <param name="Seconds">How long.</param>
/// <param name="OnePort">UDP ports that take all tracks of a meeting, one of each meeting; maybe several such lists.</param>
/// <param name="PortEach">The same for who takes each track on a port of its own: even ports from this one on.</param>
internal sealed record SendPlan(int Meetings, int Talking, Silence Silence, int Seconds, IReadOnlyList<int[]> OnePort, IReadOnlyList<int[]> PortEach)
{
    /// <summary>As words of a command line.</summary>
    public string[] ToArguments() =>
        [
            Meetings.ToString(CultureInfo.InvariantCulture), Talking.ToString(CultureInfo.InvariantCulture), Silence.ToString(), Seconds.ToString(CultureInfo.InvariantCulture),
            .. OnePort.Select(ports => $"one:{string.Join(',', ports)}"), .. PortEach.Select(ports => $"each:{string.Join(',', ports)}"),
        ];

    public static SendPlan Parse(ReadOnlySpan<string> arguments)
    {
        string[] all = arguments[4..].ToArray();
        return new SendPlan(Number(arguments[0]), Number(arguments[1]), Enum.Parse<Silence>(arguments[2]), Number(arguments[3]), Ports("one:"), Ports("each:"));
        List<int[]> Ports(string kind) => [.. all.Where(a => a.StartsWith(kind, StringComparison.Ordinal)).Select(a => a[kind.Length..].Split(',').Select(Number).ToArray())];
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
