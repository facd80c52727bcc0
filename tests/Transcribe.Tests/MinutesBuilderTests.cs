using System.Text.Json;
using Pipeline.Transcribe.Minutes;

namespace Pipeline.Transcribe.Tests;

public sealed class MinutesBuilderTests
{
    [Theory]
    [InlineData("I'll share my screen.")]
    [InlineData("Can you hear me?")]
    [InlineData("I'll mute myself for a second.")]
    [InlineData("I would send it if I had it.")]
    [InlineData("If we had the money I would buy a new one.")]
    [InlineData("I sent the report yesterday.")]
    [InlineData("I was going to send the report.")]
    [InlineData("I'll say one thing, the report is good.")]
    [InlineData("I'll be honest with you.")]
    [InlineData("He said he'll send the report.")]
    [InlineData("They told me I will get a new laptop.")]
    [InlineData("I won't send the report.")]
    [InlineData("I'm not going to send the report.")]
    [InlineData("Nobody needs to send the report.")]
    [InlineData("We should have sent the report.")]
    [InlineData("Could you tell us how the release went?")]
    [InlineData("I'll see you tomorrow.")]
    [InlineData("I'll believe it when I see it.")]
    [InlineData("Let's say I'll send the report.")]
    [InlineData("i'll let you go")]
    public void What_only_sounds_like_a_promise_is_no_action_item(string said)
    {
        var minutes = MinutesBuilder.Build(Meeting(("Laura", said), ("Kevin", "The weather is nice in Bergen.")));
        Assert.Empty(minutes.ActionItems);
    }

    [Theory]
    [InlineData("We should have decided that last year.")]
    [InlineData("We haven't decided anything about the budget.")]
    [InlineData("Did we decide to buy it?")]
    [InlineData("So it's been agreed to buy it?")]
    [InlineData("We decided to buy it last week.")]
    [InlineData("They decided to buy it.")]
    [InlineData("Okay, let's move on to the budget.")]
    [InlineData("Okay, so let's see what happens.")]
    [InlineData("If we decided to buy it, it would be late.")]
    [InlineData("Okay, so we will discuss the budget.")]
    public void What_only_sounds_like_a_decision_is_none(string said) =>
        Assert.Empty(MinutesBuilder.Build(Meeting(("Laura", said), ("Kevin", "The weather is nice in Bergen."))).Decisions);

    [Fact]
    public void A_promise_that_is_taken_back_is_gone()
    {
        Assert.Empty(MinutesBuilder.Build(Meeting(("Laura", "I'll write the report by Friday. Actually, never mind."))).ActionItems);
        var given = Assert.Single(MinutesBuilder.Build(Meeting(("Laura", "I'll write the report by Friday. Actually, forget it, Kevin will do it."), ("Kevin", "Sure."))).ActionItems);
        Assert.Equal("kevin", given.Owner);
    }

    [Theory]
    [InlineData("I'll call tomorrow.")]
    [InlineData("I'll call Anna tomorrow.")]
    public void A_short_dated_promise_is_a_task_of_its_own_and_dates_nobody_elses(string said)
    {
        var items = MinutesBuilder.Build(Meeting(("Laura", "I'll write the report."), ("Kevin", said))).ActionItems;
        Assert.Equal([("laura", null), ("kevin", (DateOnly?)new DateOnly(2026, 3, 11))], items.Select(item => (item.Owner, item.Due)));
    }

    [Theory]
    [InlineData("Kevin", "Tomorrow.")]
    [InlineData("Kevin", "By tomorrow, please.")]
    [InlineData("Kevin", "Please finish it tomorrow.")]
    [InlineData("Laura", "I'll do it tomorrow.")]
    [InlineData("Laura", "You'll have it tomorrow.")]
    public void A_day_alone_is_that_of_the_task_before_it(string who, string said)
    {
        var item = Assert.Single(MinutesBuilder.Build(Meeting(("Laura", "I'll write the report."), (who, said))).ActionItems);
        Assert.Equal(("laura", new DateOnly(2026, 3, 11)), (item.Owner, item.Due!.Value));
    }

    [Fact]
    public void A_request_is_whose_it_is_who_agrees_and_nobodys_who_refuses()
    {
        var agreed = Assert.Single(MinutesBuilder.Build(Meeting(("Laura", "Can you send the report to finance?"), ("Kevin", "Yes, by tomorrow."))).ActionItems);
        Assert.Equal(("kevin", new DateOnly(2026, 3, 11)), (agreed.Owner, agreed.Due!.Value));
        Assert.Equal(["s1", "s2"], agreed.Evidence.Select(evidence => evidence.Segment));
        Assert.Empty(MinutesBuilder.Build(Meeting(("Laura", "Can you send the report to finance?"), ("Kevin", "No, I can't."))).ActionItems);
    }

    [Fact]
    public void A_proposal_is_decided_by_agreement_and_not_where_somebody_objects()
    {
        Assert.Single(MinutesBuilder.Build(Meeting(("Laura", "I think we should buy the red one."), ("Kevin", "I agree."))).Decisions);
        Assert.Empty(MinutesBuilder.Build(Meeting(("Laura", "I think we should buy the red one."), ("Kevin", "No, I'm against that."))).Decisions);
        Assert.Empty(MinutesBuilder.Build(Meeting(("Laura", "I think we should buy the red one."), ("Kevin", "It has four wheels."))).Decisions);
    }

    [Fact]
    public void Today_is_the_day_on_which_it_is_said_where_the_people_are()
    {
        // 23:59 in Berlin, then two minutes later.
        var source = Meeting(("Laura", "I'll send the report today."), ("Kevin", "I'll send the invoice today.")) with
        {
            StartedAt = new DateTimeOffset(2026, 3, 10, 22, 59, 0, TimeSpan.Zero),
        };
        source = source with { Statements = [source.Statements[0], source.Statements[1] with { Start = TimeSpan.FromMinutes(2), End = TimeSpan.FromMinutes(3) }] };
        Assert.Equal([new DateOnly(2026, 3, 10), new DateOnly(2026, 3, 11)], MinutesBuilder.Build(source).ActionItems.Select(item => item.Due!.Value));
    }

    [Fact]
    public void The_same_meeting_gives_the_same_bytes_and_every_claim_names_segments_that_exist()
    {
        foreach (var meeting in GoldenMeeting.All)
        {
            var minutes = MinutesBuilder.Build(meeting.Source);
            Assert.Equal(JsonSerializer.Serialize(minutes), JsonSerializer.Serialize(MinutesBuilder.Build(meeting.Source)));
            AssertEvidence(meeting.Source, minutes);
        }
    }

    [Fact]
    public void A_silent_participant_changes_no_claim()
    {
        foreach (var meeting in GoldenMeeting.All)
        {
            var more = meeting.Source with { Attendees = [.. meeting.Source.Attendees, new Attendee("silent", "Zbigniew Xylander", TimeSpan.Zero)] };
            Assert.Equal(Claims(MinutesBuilder.Build(meeting.Source)), Claims(MinutesBuilder.Build(more)));
        }
    }

    [Fact]
    public void Topics_follow_each_other_without_a_hole()
    {
        foreach (var meeting in GoldenMeeting.All)
        {
            var topics = MinutesBuilder.Build(meeting.Source).Topics;
            Assert.Equal(meeting.Source.Statements[0].Start, topics[0].Start);
            Assert.Equal(meeting.Source.Statements.Max(statement => statement.End), topics[^1].End);
            for (int n = 1; n < topics.Count; n++) Assert.Equal(topics[n - 1].End, topics[n].Start);
            Assert.All(topics, topic => Assert.NotEmpty(topic.Title));
        }
    }

    [Fact]
    public void Topics_are_called_what_the_chair_calls_them() => Assert.Equal(
        ["Release plan", "Budget"], MinutesBuilder.Build(GoldenMeeting.Named("release-review").Source).Topics.Select(topic => topic.Title));

    [Fact]
    public void Attendees_have_their_words_and_turns_and_the_time_they_were_given()
    {
        var minutes = MinutesBuilder.Build(Meeting(("Laura", "Good morning, all."), ("Laura", "Shall we start?"), ("Kevin", "Yes."), ("Laura", "…")));
        Assert.Equal([new AttendeeStatistics("laura", "Laura", TimeSpan.FromSeconds(7), 6, 1), new AttendeeStatistics("kevin", "Kevin", TimeSpan.FromSeconds(7), 1, 1)], minutes.Attendees);
    }

    [Fact]
    public void Other_languages_get_topics_and_a_summary_and_a_note_on_what_is_not_there()
    {
        var source = Meeting(
            ("Laura", "Ich schicke den Bericht bis Freitag an die Finanzabteilung."), ("Kevin", "Der Bericht über das Budget ist fast fertig, es fehlt nur eine Unterschrift."),
            ("Laura", "Wer unterschreibt den Bericht über das Budget in diesem Jahr?")) with
        { Language = "de-AT" };
        var minutes = MinutesBuilder.Build(source);
        Assert.Contains("de-AT", minutes.Note);
        Assert.Empty(minutes.ActionItems);
        Assert.NotEmpty(minutes.Summary);
        Assert.Single(minutes.Topics);
        Assert.Null(MinutesBuilder.Build(source with { Language = "en-GB" }).Note);
    }

    [Fact]
    public void A_meeting_without_words_has_no_claims()
    {
        foreach (var source in new[] { Meeting(), Meeting(("Laura", ""), ("Kevin", " … "), ("Laura", "🎉")) })
        {
            var minutes = MinutesBuilder.Build(source);
            Assert.Empty(minutes.Summary);
            Assert.Empty(minutes.Topics);
            Assert.Empty(minutes.ActionItems);
        }
    }

    [Fact]
    public void Whatever_is_said_minutes_are_made()
    {
        string[] hostile =
        [
            new('a', 200_000), string.Concat(Enumerable.Repeat("i will ", 30_000)), string.Concat(Enumerable.Repeat("will just also ", 10_000)), new('.', 100_000),
            string.Concat(Enumerable.Repeat("a.", 50_000)), "\ud800", "\udc00 \ud83d", "🎉🎉 I'll send 🎉 by Friday", "سأرسل التقرير غدا؟", "‮I'll send the report‬", "I'll", "I will", "please", "by", "the",
            "in 99999999999999999999 days", "in 999 months", "on the 31st", "by February 31", "by February 29", "by 31 April 2027", "'''''", "- - -", "Laura", "Laura,", "\0\0", "next", "end of", "first thing", "no later than",
            "报告什么时候完成？我明天发给你。",
        ];
        foreach (string language in new[] { "en", "zh", "" })
        {
            var source = Meeting([.. hostile.Select((text, n) => (n % 2 == 0 ? "Laura" : "Kevin", text))]) with { Language = language };
            var minutes = MinutesBuilder.Build(source);
            AssertEvidence(source, minutes);
            Assert.All(minutes.Summary.Concat(minutes.Decisions).Concat(minutes.OpenQuestions), claim => Assert.InRange(claim.Text.Length, 1, 302));
        }
        var random = new Random(7);
        for (int seed = 0; seed < 200; seed++)
        {
            string[] words = ["i", "will", "can", "you", "we", "agreed", "decided", "let's", "Laura", "Kevin", ",", ".", "?", "by", "Friday", "the", "end", "of", "send", "report", "okay", "not", "if", "that", "it", "is", "then", "yes", "31st", "May"];
            var source = Meeting([.. Enumerable.Range(0, 30).Select(n => (random.Next(2) == 0 ? "Laura" : "Kevin", string.Join(' ', Enumerable.Range(0, random.Next(20)).Select(_ => words[random.Next(words.Length)]))))]);
            AssertEvidence(source, MinutesBuilder.Build(source));
        }
    }

    [Fact]
    public void A_meeting_of_four_hours_has_topics_and_a_summary_that_can_be_read()
    {
        // One golden meeting after the other.
        var statements = new List<Statement>();
        var all = GoldenMeeting.All;
        for (int n = 0; n < 5000; n++)
        {
            var one = all[n / 20 % all.Count].Source.Statements;
            statements.Add(new Statement($"s{n}", n % 3 == 0 ? "laura" : "kevin", TimeSpan.FromSeconds(2.9 * n), TimeSpan.FromSeconds(2.9 * n + 2.5), one[n % one.Count].Text, 0.9));
        }
        var source = Meeting() with { Statements = statements };
        var minutes = MinutesBuilder.Build(source);
        AssertEvidence(source, minutes);
        Assert.InRange(minutes.Topics.Count, 2, 40);
        Assert.InRange(minutes.Summary.Count, 3, 12);
    }

    [Fact]
    public void A_monologue_without_end_is_read_to_its_end()
    {
        string questions = string.Join(' ', Enumerable.Range(0, 2_000).Select(n => $"What is thing{n}? I think we should buy thing{n}. I'll do that. I will send thing{n}. Endnotes, then."));
        var source = Meeting(("Laura", questions));
        var minutes = MinutesBuilder.Build(source);
        AssertEvidence(source, minutes);
        Assert.Contains(minutes.ActionItems, item => item.Text == "Send thing1999");
    }

    private static void AssertEvidence(MinutesSource source, MeetingMinutes minutes)
    {
        var segments = source.Statements.ToDictionary(statement => statement.Segment, statement => new Evidence(statement.Segment, statement.Start, statement.End));
        foreach (var evidence in minutes.Summary.Concat(minutes.Decisions).Concat(minutes.OpenQuestions).Select(claim => claim.Evidence).Concat(minutes.ActionItems.Select(item => item.Evidence)))
        {
            Assert.NotEmpty(evidence);
            Assert.All(evidence, one => Assert.Equal(segments[one.Segment], one));
            Assert.Equal(evidence.Select(one => one.Start).Order(), evidence.Select(one => one.Start));
        }
    }

    private static string Claims(MeetingMinutes minutes) => JsonSerializer.Serialize(minutes with { Attendees = [] });

    /// <summary>On Tuesday, March 10, 2026 at nine in Berlin, a statement every seven seconds.</summary>
    private static MinutesSource Meeting(params (string Speaker, string Text)[] said) => new()
    {
        StartedAt = new DateTimeOffset(2026, 3, 10, 8, 0, 0, TimeSpan.Zero),
        TimeZone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"),
        Duration = TimeSpan.FromSeconds(7 * said.Length),
        Language = "en",
        Attendees = [new Attendee("laura", "Laura", TimeSpan.FromSeconds(7)), new Attendee("kevin", "Kevin", TimeSpan.FromSeconds(7))],
        Statements = [.. said.Select((one, n) => new Statement(
            $"s{n + 1}", one.Speaker.ToLowerInvariant(), TimeSpan.FromSeconds(7 * n), TimeSpan.FromSeconds(7 * n + 6), one.Text, 0.9))],
    };
}
