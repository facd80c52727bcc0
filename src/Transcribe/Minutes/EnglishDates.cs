using System.Collections.Frozen;
using System.Globalization;

namespace Pipeline.Transcribe.Minutes;

/// <summary>
/// Reads English words for days, seen from one moment of one place. A bare weekday is the next one after today, "next Tuesday" is next
/// week's (weeks begin on Monday), a week's end is its Friday, a month's its last day. Pure.
/// </summary>
internal sealed class EnglishDates(DateTime now)
{
    private readonly DateOnly today = DateOnly.FromDateTime(now);

    private static readonly string[] Weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    private static readonly string[] Months =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    private static readonly string[] Ordinals =
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
         "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth", "twenty-first", "twenty-second",
         "twenty-third", "twenty-fourth", "twenty-fifth", "twenty-sixth", "twenty-seventh", "twenty-eighth", "twenty-ninth", "thirtieth", "thirty-first"];
    private static readonly string[] Numbers =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

    private static readonly FrozenSet<string> Deadlines = new[] { "by", "before", "until", "till", "within", "latest" }.ToFrozenSet();
    private static readonly FrozenSet<string> Prepositions =
        new[] { "by", "before", "until", "till", "within", "on", "at", "in", "over", "during", "this", "for", "after", "due", "around" }.ToFrozenSet();
    /// <summary>After these a counting word is a day: "on the second".</summary>
    private static readonly FrozenSet<string> BeforeDays =
        new[] { "by", "before", "until", "till", "on", "for", "after", "due", "around", "than" }.ToFrozenSet();
    private static readonly FrozenSet<string> Past = new[] { "last", "since", "from", "past", "previous", "every", "each", "was", "ago" }.ToFrozenSet();
    private static readonly FrozenSet<string> Events = new[]
    {
        "meeting", "call", "release", "demo", "launch", "break", "holidays", "holiday", "deadline", "weekend", "review", "conference", "standup", "sprint",
        "session", "christmas", "easter", "audit", "visit", "interview", "event", "presentation", "workshop", "exam", "term", "season", "opening", "inspection",
    }.ToFrozenSet();

    /// <summary>The one that matters: a deadline before another day, a day before what no calendar knows; else the first.</summary>
    public DueDate? Find(ReadOnlySpan<Word> words, int from = 0)
    {
        DueDate? best = null;
        for (int at = from; at < words.Length; at++)
        {
            if (At(words, at) is not { } found) continue;
            if (best is null || Rank(found) > Rank(best.Value)) best = found;
            at = found.End - 1;
        }
        return best;
    }

    private static int Rank(DueDate date) => (date.Day is null ? 0 : 2) + (date.Deadline ? 1 : 0);

    /// <summary>What is said about when, beginning at `at` with or without a preposition.</summary>
    private DueDate? At(ReadOnlySpan<Word> words, int at)
    {
        if (at > 0 && Past.Contains(words[at - 1].Text)) return null;
        int core = at;
        bool deadline = false;
        if (Is(words, at, "no", "not") && Is(words, at + 1, "later") && Is(words, at + 2, "than")) (core, deadline) = (at + 3, true);
        else if (Is(words, at, "first") && Is(words, at + 1, "thing")) core = at + 2 + (Is(words, at + 2, "on") ? 1 : 0);
        else if (at < words.Length && Prepositions.Contains(words[at].Text)) (core, deadline) = (at + 1, Deadlines.Contains(words[at].Text));

        if (Day(words, core, core > at ? words[core - 1].Text : "") is { } day)
        {
            int end = day.End;
            while (TimeOfDay(words, end) is > 0 and var length) end += length;
            return new DueDate(at, end, day.Day, deadline);
        }
        if (core > at && Hour(words, core) is { } hour)
            return words[at].Text is "by" or "before" or "at" or "until" or "till"
                ? new DueDate(at, hour.End, hour.Time > TimeOnly.FromDateTime(now) ? today : today.AddDays(1), deadline) : null;
        return Event(words, at);
    }

    private (int End, DateOnly Day)? Day(ReadOnlySpan<Word> words, int at, string preposition)
    {
        if (at >= words.Length) return null;
        string word = words[at].Text;
        if (Is(words, at, "the") && Is(words, at + 1, "day") && Is(words, at + 2, "after") && Is(words, at + 3, "tomorrow")) return (at + 4, today.AddDays(2));
        if (word is "today" or "tonight" or "eod" or "cob") return (at + 1, today);
        if (word == "tomorrow") return (at + 1, today.AddDays(1));
        if (preposition == "this" && word is "morning" or "afternoon" or "evening") return (at + 1, today);
        if (PeriodEnd(words, at) is { } ending) return ending;
        if (Weekday(words, at, preposition) is { } weekday) return weekday;
        if (MonthDay(words, at, preposition) is { } monthDay) return monthDay;
        if (DateOnly.TryParseExact(word, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var written)) return (at + 1, written);
        if (preposition is "in" or "within" && Span(words, at) is { } span) return span;
        if (word is "next" or "this" && Period(words, at + 1, word == "next") is { } period) return (at + 2, period);
        if (preposition == "this" && Period(words, at, next: false) is { } current) return (at + 1, current);
        if (preposition == "over" && Is(words, at, "the") && Is(words, at + 1, "weekend")) return (at + 2, Sunday);
        return null;
    }

    private DateOnly Monday => today.AddDays(-(((int)today.DayOfWeek + 6) % 7));
    private DateOnly Sunday => Monday.AddDays(6);
    /// <summary>At a weekend, "this week" means the one that comes.</summary>
    private DateOnly Friday => Monday.AddDays(4) >= today ? Monday.AddDays(4) : Monday.AddDays(11);

    /// <summary>"end of (the|this|next) week", "end of September", "end of day (tomorrow)".</summary>
    private (int End, DateOnly Day)? PeriodEnd(ReadOnlySpan<Word> words, int at)
    {
        if (Is(words, at, "the")) at++;
        if (Is(words, at, "close") && Is(words, at + 1, "of")) at += 0;
        else if (!(Is(words, at, "end") && Is(words, at + 1, "of"))) return null;
        at += 2;
        bool next = Is(words, at, "next");
        if (Is(words, at, "the", "this", "next", "our")) at++;
        if (at >= words.Length) return null;

        if (Is(words, at, "day", "business", "play"))
        {
            if (Day(words, at + 1, "") is { } day) return day;
            return Is(words, at + 1, "on") && Day(words, at + 2, "on") is { } named ? named : (at + 1, today);
        }
        if (Period(words, at, next) is { } period) return (at + 1, period);
        if (Array.IndexOf(Months, words[at].Text) is >= 0 and var month) return (at + 1, LastOf(month + 1 < today.Month ? today.Year + 1 : today.Year, month + 1));
        return Weekday(words, at, next ? "next" : "");
    }

    private DateOnly? Period(ReadOnlySpan<Word> words, int at, bool next)
    {
        if (at >= words.Length) return null;
        int quarter = (today.Month - 1) / 3 + (next ? 1 : 0);
        return words[at].Text switch
        {
            "week" => next ? Friday.AddDays(7) : Friday,
            "weekend" => next ? Sunday.AddDays(7) : Sunday,
            "month" => LastOf(today.Year, today.Month + (next ? 1 : 0)),
            "quarter" => LastOf(today.Year, 3 * quarter + 3),
            "year" => LastOf(today.Year + (next ? 1 : 0), 12),
            _ => null,
        };
    }

    private (int End, DateOnly Day)? Weekday(ReadOnlySpan<Word> words, int at, string preposition)
    {
        bool next = Is(words, at, "next"), thisOne = Is(words, at, "this") || preposition == "this";
        if (Is(words, at, "next", "this", "coming", "the")) at++;
        if (Is(words, at, "coming")) at++;
        if (at >= words.Length) return null;

        int weekday = Array.IndexOf(Weekdays, words[at].Text);
        if (weekday < 0) return null;
        var day = Monday.AddDays(weekday);
        if (next) day = day.AddDays(7);
        else if (day < today || day == today && !thisOne) day = day.AddDays(7);
        bool weekLater = Is(words, at + 1, "week");                                     // "Tuesday week"
        return (at + (weekLater ? 2 : 1), weekLater ? day.AddDays(7) : day);
    }

    /// <summary>"March 3rd", "the third of March 2027", "the 15th", "by the third": but "the second" alone is the second of something.</summary>
    private (int End, DateOnly Day)? MonthDay(ReadOnlySpan<Word> words, int at, string preposition)
    {
        if (at >= words.Length) return null;
        if (Array.IndexOf(Months, words[at].Text) is >= 0 and var month)
        {
            int number = at + 1 + (Is(words, at + 1, "the") ? 1 : 0);
            return DayNumber(words, number, bare: true) is { } day ? Dated(words, number + day.Length, month + 1, day.Number) : null;
        }
        bool article = Is(words, at, "the");
        if (article) at++;
        if (DayNumber(words, at, bare: false) is { } ordinal)
        {
            int after = at + ordinal.Length + (Is(words, at + ordinal.Length, "of") ? 1 : 0);
            if (after < words.Length && Array.IndexOf(Months, words[after].Text) is >= 0 and var named) return Dated(words, after + 1, named + 1, ordinal.Number);
            bool thing = at + ordinal.Length < words.Length && !words[at + ordinal.Length].OpensClause && !Is(words, at + ordinal.Length, "at", "in", "if", "when", "or", "please");
            bool counts = !char.IsAsciiDigit(words[at].Text[0]) && !BeforeDays.Contains(preposition);
            return article && !thing && !counts ? InMonth(ordinal.Number, at + ordinal.Length) : null;                 // "the third" is a day, "the third floor" is not
        }
        return DayNumber(words, at, bare: true) is { } plain && at + 1 < words.Length && Array.IndexOf(Months, words[at + 1].Text) is >= 0 and var last
            ? Dated(words, at + 2, last + 1, plain.Number) : null;
    }

    private (int End, DateOnly Day)? InMonth(int number, int end)
    {
        for (int later = 0; later < 3; later++)
        {
            var first = new DateOnly(today.Year, today.Month, 1).AddMonths(later);
            if (number <= DateTime.DaysInMonth(first.Year, first.Month) && first.AddDays(number - 1) >= today) return (end, first.AddDays(number - 1));
        }
        return null;
    }

    /// <summary>With the year that is said, else with the first that is not over.</summary>
    private (int End, DateOnly Day)? Dated(ReadOnlySpan<Word> words, int at, int month, int day)
    {
        if (at < words.Length && words[at].Text.Length == 4 && int.TryParse(words[at].Text, NumberStyles.None, CultureInfo.InvariantCulture, out int year) && year is > 1900 and < 2200)
            return day <= DateTime.DaysInMonth(year, month) ? (at + 1, new DateOnly(year, month, day)) : null;
        for (int later = 0; later <= 8; later++)                                       // February 29 comes every four years, or eight
            if (day <= DateTime.DaysInMonth(today.Year + later, month) && new DateOnly(today.Year + later, month, day) is var date && date >= today) return (at, date);
        return null;
    }

    private static (int Number, int Length)? DayNumber(ReadOnlySpan<Word> words, int at, bool bare)
    {
        if (at >= words.Length) return null;
        string word = words[at].Text;
        if (word is "twenty" or "thirty" && at + 1 < words.Length && Array.IndexOf(Ordinals, $"{word}-{words[at + 1].Text}") is >= 0 and var compound) return (compound + 1, 2);
        if (Array.IndexOf(Ordinals, word) is >= 0 and var ordinal) return (ordinal + 1, 1);

        bool suffixed = word.Length > 2 && (word.EndsWith("st", StringComparison.Ordinal) || word.EndsWith("nd", StringComparison.Ordinal) || word.EndsWith("rd", StringComparison.Ordinal) || word.EndsWith("th", StringComparison.Ordinal));
        if (!suffixed && !bare) return null;
        return int.TryParse(suffixed ? word[..^2] : word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= 31 ? (number, 1) : null;
    }

    /// <summary>"two weeks", "a couple of days", "48 hours", after "in" or "within".</summary>
    private (int End, DateOnly Day)? Span(ReadOnlySpan<Word> words, int at)
    {
        if (Is(words, at, "the", "about", "around")) at++;
        if (Is(words, at, "next")) at++;
        if (at >= words.Length) return null;
        if (Is(words, at, "a") && Is(words, at + 1, "fortnight")) return (at + 2, today.AddDays(14));

        int count = Array.IndexOf(Numbers, words[at].Text);
        if (Is(words, at, "a", "an")) count = 1;
        if (count < 0 && !(int.TryParse(words[at].Text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count < 1000)) return null;
        int unit = at + 1;
        if (Is(words, unit, "couple", "few")) (count, unit) = (words[unit].Text == "few" ? 3 : 2, unit + 1 + (Is(words, unit + 1, "of") ? 1 : 0));
        if (Is(words, unit, "more", "working", "business")) unit++;
        if (unit >= words.Length) return null;
        return words[unit].Text switch
        {
            "hour" or "hours" => (unit + 1, DateOnly.FromDateTime(now.AddHours(count))),
            "minute" or "minutes" => (unit + 1, DateOnly.FromDateTime(now.AddMinutes(count))),
            "day" or "days" => (unit + 1, today.AddDays(count)),
            "week" or "weeks" => (unit + 1, today.AddDays(7 * count)),
            "month" or "months" => (unit + 1, today.AddMonths(count)),
            _ => null,
        };
    }

    /// <summary>Words after a day that say which part of it.</summary>
    private static int TimeOfDay(ReadOnlySpan<Word> words, int at)
    {
        if (Is(words, at, "morning", "afternoon", "evening", "night", "noon", "midday", "lunchtime", "latest")) return 1;
        if (Is(words, at, "at", "before", "by", "around") && Hour(words, at + 1) is { } hour) return hour.End - at;
        return Is(words, at, "at") && Is(words, at + 1, "the") && Is(words, at + 2, "latest") ? 3 : 0;
    }

    private static (int End, TimeOnly Time)? Hour(ReadOnlySpan<Word> words, int at)
    {
        if (at >= words.Length) return null;
        string word = words[at].Text;
        if (word is "noon" or "midday" or "lunch" or "lunchtime") return (at + 1, new TimeOnly(12, 0));
        if (word == "midnight") return (at + 1, new TimeOnly(23, 59));
        if (word.Contains(':') && TimeOnly.TryParseExact(word, ["H:mm", "HH:mm"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)) return (at + 1, time);

        bool half = Is(words, at, "half") && Is(words, at + 1, "past");
        if (half) at += 2;
        if (at >= words.Length) return null;
        int hour = Array.IndexOf(Numbers, words[at].Text);
        if (hour < 0 && !int.TryParse(words[at].Text, NumberStyles.None, CultureInfo.InvariantCulture, out hour)) hour = -1;
        if (hour is < 1 or > 24) return null;

        bool marked = Is(words, at + 1, "am", "pm", "o'clock");
        if (Is(words, at + 1, "pm") && hour < 12 || !Is(words, at + 1, "am") && hour < 7) hour += 12;      // "at four" is in the afternoon
        // A bare number is an hour only where its clause ends: "at ten people" is none.
        int after = at + (marked ? 2 : 1);
        if (!marked && after < words.Length && !words[after].OpensClause && !Is(words, after, "and", "or", "if", "when", "today", "tomorrow", "sharp", "then")) return null;
        return (after, new TimeOnly(hour % 24, half ? 30 : 0));
    }

    /// <summary>"before the next board meeting", "as soon as possible".</summary>
    private static DueDate? Event(ReadOnlySpan<Word> words, int at)
    {
        if (Is(words, at, "asap")) return new DueDate(at, at + 1, null, true);
        if (Is(words, at, "as") && Is(words, at + 1, "soon") && Is(words, at + 2, "as") && Is(words, at + 3, "possible")) return new DueDate(at, at + 4, null, true);
        if (Is(words, at, "after") && Is(words, at + 1, "this", "that")) return Is(words, at + 2, "meeting", "call") ? new DueDate(at, at + 3, null, false) : new DueDate(at, at + 2, null, false);
        if (!Is(words, at, "before", "by", "until", "till", "after", "at")) return null;
        for (int head = at + 1; head < Math.Min(at + 6, words.Length); head++)
        {
            if (head > at + 1 && words[head].OpensClause) return null;
            if (Events.Contains(words[head].Text)) return new DueDate(at, head + 1, null, Deadlines.Contains(words[at].Text));
        }
        return null;
    }

    private static DateOnly LastOf(int year, int month) => new DateOnly(year, 1, 1).AddMonths(month).AddDays(-1);

    private static bool Is(ReadOnlySpan<Word> words, int at, params ReadOnlySpan<string> any) => at < words.Length && any.IndexOf(words[at].Text) >= 0;
}
