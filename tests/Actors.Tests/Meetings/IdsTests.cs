using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Tests.Meetings;

public sealed class IdsTests
{
    [Fact]
    public void An_id_is_read_back_from_its_text()
    {
        var random = new Random(7);
        for (int i = 0; i < 1000; i++)
        {
            byte[] bytes = new byte[16];
            random.NextBytes(bytes);
            var id = new MeetingId(new Guid(bytes));
            Assert.True(MeetingId.TryParse(id.ToString(), out var read));
            Assert.Equal(id, read);
        }
    }

    [Fact]
    public void Ids_sort_as_text_by_the_time_they_were_made()
    {
        var first = DateTimeOffset.UnixEpoch.AddYears(50);
        string[] made = [.. Enumerable.Range(0, 500).Select(i => TrackId.New(first.AddMilliseconds(i * 37)).ToString())];
        Assert.Equal(made.Order(StringComparer.Ordinal), made);
    }

    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000", "seg_00000000000000000000000000")]
    [InlineData("00000000-0000-0000-0000-000000000001", "seg_00000000000000000000000001")]
    [InlineData("ffffffff-ffff-ffff-ffff-ffffffffffff", "seg_7ZZZZZZZZZZZZZZZZZZZZZZZZZ")]
    public void The_text_is_the_value_in_base_32(string value, string text) => Assert.Equal(text, new SegmentId(Guid.Parse(value)).ToString());

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("rec_")]
    [InlineData("rec_0000000000000000000000000")]     // a digit short
    [InlineData("rec_000000000000000000000000000")]   // a digit over
    [InlineData("mtg_00000000000000000000000000")]    // another kind
    [InlineData("rec_0000000000000000000000000I")]    // not a digit
    [InlineData("rec_0000000000000000000000000é")]
    [InlineData("rec_80000000000000000000000000")]    // 129 bits
    public void What_is_no_id_is_refused(string? text) => Assert.False(RecordingId.TryParse(text, out _));
}
