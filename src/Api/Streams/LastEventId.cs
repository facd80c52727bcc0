using System.Globalization;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Streams;

/// <summary>Where a reader of an event stream was when it was cut off.</summary>
internal static class LastEventId
{
    public const string Header = "Last-Event-ID";

    public static Problem Refused => Problem.BadHeader("`Last-Event-ID` is not an id of this stream.");

    /// <summary>0, the beginning, where nothing was sent.</summary>
    public static bool TryRead(string? sent, out long sequence)
    {
        sequence = 0;
        return string.IsNullOrEmpty(sent) || long.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out sequence);
    }
}
