using Pipeline.Ingest.Net;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Streams;

public sealed class SourceBindingTests : IDisposable
{
    private readonly MediaPipeline pipeline = new(journal: null, mix: null, speech: null);

    public void Dispose() => pipeline.Dispose();

    [Fact]
    public void A_track_that_names_its_SSRC_takes_that_one_only_and_at_once()
    {
        var track = pipeline.AddTrack(Track(ssrc: 5));

        Send(4, 0..50);
        Send(5, 0..1);

        Assert.Equal(1, track.Quality().PacketsReceived);
    }

    [Fact]
    public void Another_adopts_the_first_of_its_payload_type_after_two_packets_in_sequence()
    {
        var track = pipeline.AddTrack(Track());

        Send(1, 10..11);
        Send(2, 500..501);
        Assert.Equal(0, track.Quality().PacketsReceived);
        Send(1, 30..31);                                                             // not in sequence
        Assert.Equal(0, track.Quality().PacketsReceived);
        Send(2, 501..502);

        Assert.Equal(2, track.Quality().PacketsReceived);
        Send(3, 0..10, payloadType: 96);
        Assert.Equal(2, track.Quality().PacketsReceived);
    }

    [Fact]
    public void Another_SSRC_is_adopted_when_the_old_one_was_silent_for_a_second()
    {
        var track = pipeline.AddTrack(Track());
        Send(1, 0..50, at: Ms(0));                                                   // the last at 980 ms

        Send(2, 0..10, at: Ms(1000));
        Assert.Equal(50, track.Quality().PacketsReceived);
        Send(2, 10..20, at: Ms(1981));

        Assert.Equal(70, track.Quality().PacketsReceived);                           // those held come with the first it takes
    }

    [Fact]
    public void Tracks_without_an_SSRC_are_told_apart_by_payload_type()
    {
        var opus = pipeline.AddTrack(Track(1, payloadType: 111));
        var other = pipeline.AddTrack(Track(2, payloadType: 96));

        Send(1, 0..10, payloadType: 111);
        Send(2, 0..20, payloadType: 96);

        Assert.Equal((10, 20), (opus.Quality().PacketsReceived, other.Quality().PacketsReceived));
    }

    [Fact]
    public void A_bound_SSRC_of_another_payload_type_is_refused()
    {
        var track = pipeline.AddTrack(Track());
        Send(1, 0..10);
        Send(1, 10..15, payloadType: 63);

        Assert.Equal(10, track.Quality().PacketsReceived);
        Assert.Equal(5, pipeline.Refused()["wrong_payload_type"]);
    }

    [Fact]
    public void A_sender_that_changes_to_another_codec_under_its_SSRC_is_the_track_of_that_codec()
    {
        var opus = pipeline.AddTrack(Track(1));
        var pcmu = pipeline.AddTrack(Track(2, payloadType: 0) with { Codec = "pcmu", ClockRate = 8000 });

        Send(1, 0..50);
        Send(1, 50..80, at: Ms(1000), payloadType: 0);
        Send(1, 80..90, at: Ms(1600));
        Send(1, 90..99, at: Ms(1800), payloadType: 72);                              // nobody's

        Assert.Equal((60, 30), (opus.Quality().PacketsReceived, pcmu.Quality().PacketsReceived));
        Assert.Equal(9, pipeline.Refused()["wrong_payload_type"]);
    }

    [Fact]
    public void A_sender_that_changes_with_each_packet_is_not_followed()
    {
        var opus = pipeline.AddTrack(Track(1));
        var other = pipeline.AddTrack(Track(2, payloadType: 96));
        Send(1, 0..50);

        for (int n = 50; n < 250; n++) Send(1, n..(n + 1), at: Ms(20 * n), payloadType: n % 2 == 0 ? (byte)96 : Opus);

        Assert.Equal(200, opus.Quality().PacketsReceived - 50 + other.Quality().PacketsReceived + pipeline.Refused()["wrong_payload_type"]);
        Assert.InRange(pipeline.Refused()["wrong_payload_type"], 50, 190);
    }

    [Fact]
    public void A_track_added_within_ten_seconds_gets_what_was_held_at_its_next_packet()
    {
        Send(9, 0..400, at: Ms(0));                                                  // eight seconds
        Advance(Ms(8000));

        var track = pipeline.AddTrack(Track(ssrc: 9));
        Send(9, 400..401, at: Ms(8000));

        Assert.Equal(401, track.Quality().PacketsReceived);
        Assert.Equal(0, track.Quality().PacketsLost);
    }

    [Fact]
    public void The_last_ten_seconds_are_held_however_long_it_takes_to_claim_them()
    {
        for (int second = 0; second < 25; second++)
        {
            Send(9, (50 * second)..(50 * second + 50), at: Ms(1000 * second));
            Advance(Ms(1000 * second + 999));
        }
        var track = pipeline.AddTrack(Track(ssrc: 9));
        Send(9, 1250..1251, at: Ms(25_000));

        Assert.InRange(track.Quality().PacketsReceived, 499, 502);
        Assert.Equal(1251 - track.Quality().PacketsReceived, pipeline.Refused()["unknown_ssrc"]);
    }

    [Fact]
    public void What_nobody_claims_is_forgotten_and_counted()
    {
        Send(9, 0..20, at: Ms(0));
        Advance(Ms(10_500));

        Assert.Equal(20, pipeline.Refused()["unknown_ssrc"]);
        var track = pipeline.AddTrack(Track(ssrc: 9));
        Send(9, 20..21, at: Ms(10_500));
        Assert.Equal(1, track.Quality().PacketsReceived);
    }

    [Fact]
    public void No_more_is_held_than_eight_SSRCs_and_a_mebibyte()
    {
        for (uint ssrc = 1; ssrc <= 9; ssrc++) Send(ssrc, 0..3);
        Assert.Equal(3, pipeline.Refused()["unknown_ssrc"]);                         // the oldest made room

        byte[] large = new byte[1400];
        for (int n = 0; n < 2000; n++) pipeline.Receive(Datagram(9, (ushort)(3 + n), 0, large), Loopback, Ms(100));
        long refused = pipeline.Refused()["unknown_ssrc"] - 3;
        Assert.InRange(2000 - refused, (1 << 20) / 1412 - 2, (1 << 20) / 1412);
    }

    [Fact]
    public void An_SSRC_stays_with_its_address()
    {
        var track = pipeline.AddTrack(Track());
        Send(1, 0..10);

        Send(1, 10..20, at: Ms(200), peer: Peer("127.0.0.1", 6000));
        Send(1, 10..20, at: Ms(5000), peer: Peer("127.0.0.2", 5000));

        Assert.Equal(10, track.Quality().PacketsReceived);
        Assert.Equal(20, pipeline.Refused()["wrong_address"]);
    }

    [Fact]
    public void It_moves_within_the_declared_network_after_two_seconds_of_silence()
    {
        var track = pipeline.AddTrack(Track(from: "10.1.0.0/16"));
        Send(1, 0..10, peer: Peer("10.1.2.3", 5000));                                // the last at 180 ms

        Send(1, 10..11, at: Ms(2100), peer: Peer("10.1.2.4", 5000));
        Send(1, 10..11, at: Ms(2300), peer: Peer("10.2.0.1", 5000));
        Assert.Equal((10, 2), (track.Quality().PacketsReceived, pipeline.Refused()["wrong_address"]));
        Send(1, 11..20, at: Ms(2400), peer: Peer("10.1.2.4", 5000));

        Assert.Equal(19, track.Quality().PacketsReceived);
    }

    [Theory]
    [InlineData(null, false, "192.0.2.1", false)]
    [InlineData(null, true, "192.0.2.1", true)]
    [InlineData(null, false, "127.0.0.9", true)]
    [InlineData("192.0.2.0/24", false, "192.0.2.1", true)]
    [InlineData("192.0.2.0/24", true, "192.0.3.1", false)]
    [InlineData("192.0.2.0/24", false, "127.0.0.1", false)]
    public void Only_those_may_send_who_are_declared_or_here(string? from, bool allowAnySender, string address, bool taken)
    {
        using var allowing = new MediaPipeline(null, null, null, allowAnySender);
        var track = allowing.AddTrack(Track(from: from));

        for (int n = 0; n < 5; n++) allowing.Receive(Datagram(1, (ushort)n, 0, Payload(n)), Peer(address, 5000), Ms(20 * n));

        Assert.Equal(taken ? 5 : 0, track.Quality().PacketsReceived);
        Assert.Equal(taken ? 0 : 5, allowing.Refused()["wrong_address"]);
    }

    [Fact]
    public void A_track_that_ended_takes_no_more_and_its_SSRC_is_free()
    {
        var track = pipeline.AddTrack(Track(1, ssrc: 5));
        Send(5, 0..10);
        pipeline.EndTrack(1);
        Send(5, 10..20);
        Assert.Equal(10, track.Quality().PacketsReceived);

        var next = pipeline.AddTrack(Track(2, ssrc: 5));
        Send(5, 20..21);

        Assert.Equal(11, next.Quality().PacketsReceived);
    }

    [Fact]
    public void Whoever_left_and_still_sends_is_not_taken_for_somebody_else()
    {
        pipeline.AddTrack(Track(1, ssrc: 5));
        Send(5, 0..50);
        pipeline.EndTrack(1);
        var other = pipeline.AddTrack(Track(2));

        Send(5, 50..200, at: Ms(1000));
        Assert.Equal(0, other.Quality().PacketsReceived);
        Send(6, 0..10, at: Ms(4000));
        Assert.Equal(10, other.Quality().PacketsReceived);

        var back = pipeline.AddTrack(Track(3, ssrc: 5));
        Send(5, 200..210, at: Ms(20_000));
        Assert.True(back.Quality().PacketsReceived >= 10);
    }

    [Fact]
    public void A_track_that_was_given_another_SSRC_for_a_while_takes_its_own_sender_again_and_nobody_else_does()
    {
        var track = pipeline.AddTrack(Track(1, ssrc: 5));
        Send(5, 0..10);
        pipeline.ChangeTrack(1, "Alice", 6);
        Send(6, 0..10, at: Ms(1000));

        pipeline.ChangeTrack(1, "Alice", null);
        Send(5, 10..60, at: Ms(3000));
        Assert.Equal(70, track.Quality().PacketsReceived);

        pipeline.ChangeTrack(1, "Alice", 6);
        var other = pipeline.AddTrack(Track(2));
        Send(5, 60..110, at: Ms(6000));
        Assert.False(other.HasPackets);
    }

    [Theory]
    [InlineData("10.1.2.3", "10.1.0.0/16", true)]
    [InlineData("10.2.2.3", "10.1.0.0/16", false)]
    [InlineData("10.1.2.3", "10.1.2.3/32", true)]
    [InlineData("10.1.2.2", "10.1.2.3/32", false)]
    [InlineData("203.0.113.9", "0.0.0.0/0", true)]
    [InlineData("203.0.113.9", "::/0", false)]
    [InlineData("2001:db8::9", "::/0", true)]
    [InlineData("2001:db8::9", "0.0.0.0/0", false)]
    [InlineData("2001:db8:1::9", "2001:db8:1::/48", true)]
    [InlineData("2001:db8:2::9", "2001:db8:1::/48", false)]
    [InlineData("::1", "::1/128", true)]
    public void An_address_is_in_a_network_or_not(string address, string network, bool isIn) =>
        Assert.Equal(isIn, Peer(address, 5000).IsIn(System.Net.IPNetwork.Parse(network)));

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.255.0.9", true)]
    [InlineData("128.0.0.1", false)]
    [InlineData("::1", true)]
    [InlineData("::2", false)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("::ffff:10.0.0.1", false)]
    public void An_address_is_this_machines_or_not(string address, bool isLoopback) => Assert.Equal(isLoopback, Peer(address, 5000).IsLoopback);

    [Fact]
    public void Random_datagrams_bind_nothing_and_disturb_no_flowing_track()
    {
        var flowing = pipeline.AddTrack(Track(1, payloadType: 111));
        var waiting = pipeline.AddTrack(Track(2, payloadType: 96));
        var random = new Random(1);
        int sent = 0;
        for (int n = 0; n < 10_000; n++)
        {
            var noise = new byte[random.Next(80)];
            random.NextBytes(noise);
            if (noise.Length > 1 && random.Next(2) == 0) (noise[0], noise[1]) = (0x80, (byte)(random.Next(2) == 0 ? 111 : 96));
            pipeline.Receive(noise, Peer($"127.0.{random.Next(256)}.{random.Next(256)}", (ushort)random.Next(65536)), Ms(4 * n));
            if (n % 5 == 0) pipeline.Receive(Datagram(1, (ushort)sent, (uint)(960 * sent), Payload(sent++)), Loopback, Ms(4 * n));
            if (n % 5 == 0) pipeline.Advance(Ms(4 * n));
        }
        Assert.False(waiting.HasPackets, "seed 1");
        Assert.Equal((2000, 0, 0), (flowing.Quality().PacketsReceived, flowing.Quality().PacketsLost, flowing.Quality().Duplicates));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_newcomer_gets_in_under_a_flood_of_random_datagrams(int seed)
    {
        var track = pipeline.AddTrack(Track());
        var random = new Random(seed);
        for (int n = 0; n < 10_000; n++)                                             // in one second
        {
            var noise = new byte[40];
            random.NextBytes(noise);
            pipeline.Receive(noise, Loopback, Ms(0.1 * n));
            if (n % 200 == 100) Send(7, (n / 200)..(n / 200 + 1), at: Ms(0.1 * n));
        }
        Assert.True(track.Quality().PacketsReceived == 50, $"seed {seed}: {track.Quality().PacketsReceived} of 50");
    }

    [Fact]
    public void Nor_does_it_drive_out_what_a_late_track_will_claim()
    {
        pipeline.AddTrack(Track(1, ssrc: 5));
        var random = new Random(3);
        for (int n = 0; n < 10_000; n++)
        {
            var noise = new byte[40];
            random.NextBytes(noise);
            pipeline.Receive(noise, Loopback, Ms(0.1 * n));
            if (n % 200 == 100) Send(7, (n / 200)..(n / 200 + 1), at: Ms(0.1 * n));
        }
        var late = pipeline.AddTrack(Track(2, ssrc: 7));
        Send(7, 50..51, at: Ms(1000));

        Assert.InRange(late.Quality().PacketsReceived, 45, 51);
    }

    private void Send(uint ssrc, Range sequences, TimeSpan? at = null, byte payloadType = Opus, PeerAddress? peer = null)
    {
        var now = at ?? TimeSpan.Zero;
        for (int n = sequences.Start.Value; n < sequences.End.Value; n++, now += Ms(20))
            pipeline.Receive(Datagram(ssrc, (ushort)n, (uint)(960 * n), Payload(n), payloadType), peer ?? Loopback, now);
    }

    private void Advance(TimeSpan now) => pipeline.Advance(now);
}
