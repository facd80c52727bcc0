using Pipeline.Transcribe.Minutes;

namespace Pipeline.Transcribe.Tests;

/// <summary>Words for days, said on Tuesday, March 10, 2026 at three in the afternoon.</summary>
public sealed class MinutesDateTests
{
    private static readonly DateTime Tuesday = new(2026, 3, 10, 15, 0, 0);

    [Theory]
    [InlineData("I'll send it today", "2026-03-10")]
    [InlineData("I'll send it tonight", "2026-03-10")]
    [InlineData("I'll send it by end of day", "2026-03-10")]
    [InlineData("I'll send it by EOD", "2026-03-10")]
    [InlineData("I'll send it tomorrow morning", "2026-03-11")]
    [InlineData("I'll send it by the end of the day tomorrow", "2026-03-11")]
    [InlineData("I'll send it the day after tomorrow", "2026-03-12")]
    [InlineData("I'll send it by Friday", "2026-03-13")]
    [InlineData("i'll send it on friday at five o'clock", "2026-03-13")]
    [InlineData("I'll send it this Thursday", "2026-03-12")]
    [InlineData("I'll send it on Tuesday", "2026-03-17")]                     // today is not "on Tuesday"
    [InlineData("I'll send it next Tuesday", "2026-03-17")]
    [InlineData("I'll send it next Friday", "2026-03-20")]                    // the next week's
    [InlineData("I'll send it Friday week", "2026-03-20")]
    [InlineData("I'll send it first thing on Monday", "2026-03-16")]
    [InlineData("I'll send it by the end of the week", "2026-03-13")]
    [InlineData("I'll send it by the end of next week", "2026-03-20")]
    [InlineData("I'll send it over the weekend", "2026-03-15")]
    [InlineData("I'll send it next week", "2026-03-20")]
    [InlineData("I'll send it by the end of the month", "2026-03-31")]
    [InlineData("I'll send it by end of quarter", "2026-03-31")]
    [InlineData("I'll send it next month", "2026-04-30")]
    [InlineData("I'll send it by the end of April", "2026-04-30")]
    [InlineData("I'll send it by the end of January", "2027-01-31")]
    [InlineData("I'll send it before the end of the year", "2026-12-31")]
    [InlineData("I'll send it on March 13th", "2026-03-13")]
    [InlineData("I'll send it on March 3rd", "2027-03-03")]                   // this year's is over
    [InlineData("I'll send it on the third of April", "2026-04-03")]
    [InlineData("I'll send it by 4 May 2027", "2027-05-04")]
    [InlineData("I'll send it by April twenty-second", "2026-04-22")]
    [InlineData("I'll send it by the 15th", "2026-03-15")]
    [InlineData("I'll send it by the fifth", "2026-04-05")]
    [InlineData("I'll send it on the twenty-second", "2026-03-22")]
    [InlineData("I'll send it no later than the third", "2026-04-03")]
    [InlineData("I'll send it the 15th", "2026-03-15")]
    [InlineData("I'll send it the third of April", "2026-04-03")]
    [InlineData("I'll send it by 2026-04-01", "2026-04-01")]
    [InlineData("I'll send it in two weeks", "2026-03-24")]
    [InlineData("I'll send it within 48 hours", "2026-03-12")]
    [InlineData("I'll send it in a couple of days", "2026-03-12")]
    [InlineData("I'll send it in ten hours", "2026-03-11")]                   // past midnight
    [InlineData("I'll send it by five", "2026-03-10")]
    [InlineData("I'll send it by noon", "2026-03-11")]                        // noon is over
    [InlineData("I'll send it at 16:30", "2026-03-10")]
    [InlineData("I'll send what we talked about today by Friday", "2026-03-13")]
    [InlineData("I'll send it before the next meeting", null)]
    [InlineData("I'll send it as soon as possible", null)]
    public void A_day_is_found(string said, string? day)
    {
        var sentence = Assert.Single(Sentences(said));
        var found = new EnglishDates(Tuesday).Find(sentence.Words);
        Assert.NotNull(found);
        Assert.Equal(day, found.Value.Day?.ToString("yyyy-MM-dd"));
        Assert.Contains(found.Value.Text(sentence), said);
    }

    [Theory]
    [InlineData("We spoke about it last Friday.")]
    [InlineData("It has been broken since Monday.")]
    [InlineData("We meet every Tuesday.")]
    [InlineData("The third floor is empty.")]
    [InlineData("We need ten people.")]
    [InlineData("We may march on.")]
    [InlineData("By the way, it works.")]
    [InlineData("The first item is the budget.")]
    [InlineData("There are two bugs, I'll fix the second.")]
    [InlineData("I'll take the first and you take the second.")]
    public void No_day_is_found_where_none_is_meant(string said) =>
        Assert.Null(new EnglishDates(Tuesday).Find(Assert.Single(Sentences(said)).Words));

    [Fact]
    public void A_leap_day_comes_in_the_next_leap_year() =>
        Assert.Equal(new DateOnly(2028, 2, 29), new EnglishDates(Tuesday).Find(Assert.Single(Sentences("by February 29")).Words)?.Day);

    private static List<Sentence> Sentences(string said) =>
        SentenceSplitter.Split([new Statement("s1", "p1", TimeSpan.Zero, TimeSpan.FromSeconds(3), said, 1)], EnglishRules.Rules);
}
