namespace Pipeline.Transcribe.Minutes;

/// <summary>How much each attendee said.</summary>
internal static class AttendeeCounts
{
    /// <returns>One for each attendee, in the source's order, also for who said nothing.</returns>
    public static IReadOnlyList<AttendeeStatistics> Of(MinutesSource source)
    {
        var words = new Dictionary<string, int>(StringComparer.Ordinal);
        var turns = new Dictionary<string, int>(StringComparer.Ordinal);
        string? last = null;
        foreach (var statement in source.Statements)
        {
            int said = Words(statement.Text);
            if (said == 0) continue;

            words[statement.Speaker] = words.GetValueOrDefault(statement.Speaker) + said;
            if (statement.Speaker != last) turns[statement.Speaker] = turns.GetValueOrDefault(statement.Speaker) + 1;
            last = statement.Speaker;
        }
        return [.. source.Attendees.Select(attendee => new AttendeeStatistics(
            attendee.Id, attendee.Name, attendee.Talked, words.GetValueOrDefault(attendee.Id), turns.GetValueOrDefault(attendee.Id)))];
    }

    /// <summary>Runs of characters between white space in which there is a letter or a digit.</summary>
    public static int Words(ReadOnlySpan<char> text)
    {
        int words = 0;
        bool counted = false;
        foreach (char character in text)
        {
            if (char.IsWhiteSpace(character)) counted = false;
            else if (!counted && char.IsLetterOrDigit(character))
            {
                words++;
                counted = true;
            }
        }
        return words;
    }
}
