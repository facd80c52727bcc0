using Pipeline.Actors.Media;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Tests.Media;

/// <summary>A track that is looked at every second; its first packet comes at 0.</summary>
public sealed class TrackPulseTests
{
    private readonly TrackPulse pulse = new();
    private readonly List<string> seen = [];
    private double packets = double.NaN, speech, heardFrom = -86400;
    private GapKind? withheld;
    private bool sends = true, speaks = true;
    private int now = -1;

    [Fact]
    public void Nothing_yet_is_waiting()
    {
        sends = false;
        Pass(until: 100);
        Assert.Equal("-1 Waiting", Seen);
    }

    [Fact]
    public void Packets_without_speech_for_a_minute_are_silence_and_a_word_ends_it()
    {
        Pass(until: 10);
        speaks = false;
        Pass(until: 100);
        speaks = true;
        Pass(until: 200);
        Assert.Equal("-1 Waiting, 0 Flowing, 70 Silent, 101 Flowing", Seen);
    }

    [Fact]
    public void Five_seconds_without_packets_are_a_stall_and_a_packet_ends_it()
    {
        Pass(until: 10);
        sends = false;
        Pass(until: 100);
        sends = true;
        Pass(until: 200);
        Assert.Equal("-1 Waiting, 0 Flowing, 15 Stalled, 101 Flowing", Seen);
    }

    [Fact]
    public void Whoever_comes_late_and_listens_is_not_silent_at_once()
    {
        (sends, speaks) = (false, false);
        Pass(until: 100);
        sends = true;
        Pass(until: 200);
        Assert.Equal("-1 Waiting, 101 Flowing, 161 Silent", Seen);
    }

    [Theory]
    [InlineData(GapKind.Pause)]
    [InlineData(GapKind.Consent)]
    public void Who_is_not_heard_is_not_silent_and_a_minute_begins_anew_afterwards(GapKind why)
    {
        Pass(until: 10);
        (withheld, speaks) = (why, false);
        Pass(until: 1000);
        (withheld, heardFrom) = (null, 1000);
        Pass(until: 1100);
        Assert.Equal("-1 Waiting, 0 Flowing, 1060 Silent", Seen);
    }

    [Fact]
    public void A_sender_that_stops_in_a_pause_is_not_stalled_before_five_seconds_after_it()
    {
        Pass(until: 10);
        (withheld, sends) = (GapKind.Pause, false);
        Pass(until: 100);
        (withheld, heardFrom) = (null, 100);
        Pass(until: 200);
        Assert.Equal("-1 Waiting, 0 Flowing, 105 Stalled", Seen);
    }

    [Fact]
    public void Of_who_denied_consent_packets_alone_count()
    {
        Pass(until: 10);
        (withheld, sends) = (GapKind.Consent, false);
        Pass(until: 100);
        sends = true;
        Pass(until: 200);
        Assert.Equal("-1 Waiting, 0 Flowing, 15 Stalled, 101 Flowing", Seen);
    }

    [Fact]
    public void Packets_that_begin_in_a_pause_flow_and_silence_goes_on_over_one()
    {
        (withheld, sends) = (GapKind.Pause, false);
        Pass(until: 10);
        (sends, speaks) = (true, false);
        Pass(until: 20);
        (withheld, heardFrom) = (null, 20);
        Pass(until: 100);
        withheld = GapKind.Pause;
        Pass(until: 110);
        (withheld, heardFrom) = (null, 110);
        Pass(until: 300);
        Assert.Equal("-1 Waiting, 11 Flowing, 80 Silent", Seen);
    }

    private string Seen => string.Join(", ", seen);

    private double? first;

    private void Pass(int until)
    {
        for (; now <= until; now++)
        {
            if (sends && now >= 0) packets = now;
            if (sends && now >= 0) first ??= now;
            if (sends && speaks && withheld is null && now >= 0) speech = now;
            var at = TimeSpan.FromSeconds(now);
            var status = pulse.Feel(
                new TrackSigns(
                    Ended: false, first is { } f ? TimeSpan.FromSeconds(f) : null, TimeSpan.FromSeconds(double.IsNaN(packets) ? -86400 : packets),
                    TimeSpan.FromSeconds(speech), TimeSpan.FromSeconds(heardFrom), withheld), at);
            if (seen.Count == 0 || !seen[^1].EndsWith(status.ToString(), StringComparison.Ordinal)) seen.Add($"{now} {status}");
        }
    }
}
