using Pipeline.Ingest.Net;
using Pipeline.Ingest.Srtp;
using static Pipeline.Ingest.Tests.Datagrams;
using static Pipeline.Ingest.Tests.Srtp.SrtpSenders;

namespace Pipeline.Ingest.Tests.Srtp;

/// <summary>Protected packets into a pipeline; the sender is the reference, which shares nothing with the receiver.</summary>
public sealed class SrtpTests : IDisposable
{
    private readonly MediaPipeline pipeline = new(journal: null, mix: null, speech: null);
    private TimeSpan now;

    public void Dispose() => pipeline.Dispose();

    [Theory]
    [MemberData(nameof(SrtpSenders.Suites), MemberType = typeof(SrtpSenders))]
    public void Packets_of_every_suite_are_taken(string suite)
    {
        var key = Parameters(suite);
        var track = pipeline.AddTrack(Track(ssrc: 7, srtp: key));

        Send(new ReferenceSrtp(key), 7, 0..50);

        Assert.Equal((50, 0), (track.Quality().PacketsReceived, Refused));
        Assert.True(pipeline.HasVerified(1));
    }

    [Theory]
    [MemberData(nameof(SrtpSenders.Suites), MemberType = typeof(SrtpSenders))]
    public void A_packet_with_any_bit_flipped_changes_nothing_but_a_counter(string suite)
    {
        var key = Parameters(suite);
        var sender = new ReferenceSrtp(key);
        var track = pipeline.AddTrack(Track(ssrc: 7, srtp: key));
        Send(sender, 7, 0..5);
        var before = track.Quality();
        byte[] good = Protected(sender, 7, 5);

        int flips = 0;
        for (int bit = 0; bit < 8 * good.Length; bit++)
        {
            if (bit / 8 is 0 or 1 or (>= 8 and < 12)) continue;                      // version, payload type, SSRC: another packet's tests
            byte[] bad = [.. good];
            bad[bit / 8] ^= (byte)(0x80 >> (bit % 8));
            Receive(bad);
            flips++;
        }

        Assert.Equal(before, track.Quality() with { Gaps = before.Gaps });
        Assert.Equal(flips, Refused);
        Receive(good);
        Assert.Equal(6, track.Quality().PacketsReceived);
    }

    [Fact]
    public void Every_truncation_of_a_packet_is_refused()
    {
        foreach (string suite in SrtpSuite.All.Select(s => s.Name))
        {
            var key = Parameters(suite);
            using var alone = new MediaPipeline(journal: null, mix: null, speech: null);
            var track = alone.AddTrack(Track(ssrc: 7, srtp: key));
            byte[] good = Protected(new ReferenceSrtp(key), 7, 5);
            for (int length = 0; length < good.Length; length++) alone.Receive(good.AsSpan(0, length).ToArray(), Loopback, now);
            Assert.Equal(0, track.Quality().PacketsReceived);
        }
    }

    [Fact]
    public void Plain_packets_of_a_protected_track_are_refused_before_and_after_its_own()
    {
        var key = Parameters();
        var track = pipeline.AddTrack(Track(ssrc: 7, srtp: key));

        for (int n = 0; n < 10; n++) Receive(Plain(7, n));
        Assert.Equal((0, 10), (track.Quality().PacketsReceived, pipeline.Refused()["srtp_auth"]));
        Assert.False(pipeline.HasVerified(1));
        Send(new ReferenceSrtp(key), 7, 0..5);
        for (int n = 5; n < 10; n++) Receive(Plain(7, n));

        Assert.Equal((5, 15), (track.Quality().PacketsReceived, pipeline.Refused()["srtp_auth"]));
    }

    [Fact]
    public void Packets_of_another_key_are_refused()
    {
        var track = pipeline.AddTrack(Track(ssrc: 7, srtp: Parameters(seed: 1)));

        Send(new ReferenceSrtp(Parameters(seed: 2)), 7, 0..10);

        Assert.Equal((0, 10), (track.Quality().PacketsReceived, pipeline.Refused()["srtp_auth"]));
    }

    [Fact]
    public void A_replay_is_no_duplicate_but_refused()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        var track = pipeline.AddTrack(Track(ssrc: 7, srtp: key));
        Send(sender, 7, 0..2000);

        Receive(Protected(sender, 7, 1999));
        Receive(Protected(sender, 7, 1500));
        Receive(Protected(sender, 7, 3));                                            // older than anybody remembers

        Assert.Equal((2000, 0), (track.Quality().PacketsReceived, track.Quality().Duplicates));
        Assert.Equal(3, pipeline.Refused()["srtp_replay"]);
    }

    [Theory]
    [InlineData(0, 0, 60_000)]                                                       // first sequence high
    [InlineData(0, 1, 60_000)]                                                       // the platform did not know of the wrap
    [InlineData(3, 3, 5)]
    [InlineData(3, 4, 5)]                                                            // it wrapped while the platform told us
    [InlineData(3, 2, 65_530)]                                                       // the platform told of a wrap, and an older packet came first
    [InlineData(0, 12, 100)]                                                         // four hours late
    [InlineData(30_000, 30_000, 100)]                                                // billions of packets
    [InlineData(7, 0, 100)]                                                          // told for another SSRC of the key
    public void A_late_joiners_roll_over_count_is_found(uint told, uint actual, int first)
    {
        var track = pipeline.AddTrack(Track(ssrc: 7, srtp: Parameters(rollOver: told)));
        int start = (int)actual * 65_536 + first;

        Send(new ReferenceSrtp(Parameters()), 7, start..(start + 50));

        Assert.Equal((50, 0), (track.Quality().PacketsReceived, Refused));
    }

    [Theory]
    [MemberData(nameof(SrtpSenders.Suites), MemberType = typeof(SrtpSenders))]
    public void A_wrap_right_after_the_start_is_followed(string suite)
    {
        var key = Parameters(suite);
        var track = pipeline.AddTrack(Track(ssrc: 7, srtp: key));

        Send(new ReferenceSrtp(key), 7, 65_533..65_600);

        Assert.Equal((67, 0), (track.Quality().PacketsReceived, Refused));
    }

    [Fact]
    public void A_wrap_inside_a_loss_is_followed()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        var track = pipeline.AddTrack(Track(ssrc: 7, srtp: key));

        Send(sender, 7, 65_000..65_010);
        Send(sender, 7, 66_000..66_010);
        Send(sender, 7, 85_000..85_010);

        Assert.Equal(0, Refused);
        Assert.True(track.Quality().PacketsReceived >= 28);                          // a jump of 3000 and more is believed with its second packet
    }

    [Fact]
    public void Wraps_that_nobody_saw_are_found_after_a_silence()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        var track = pipeline.AddTrack(Track(ssrc: 7, srtp: key));
        Send(sender, 7, 100..110);

        now += TimeSpan.FromHours(1);
        Send(sender, 7, (180_000 + 100)..(180_000 + 150));                           // two wraps and 49,000 packets later
        Assert.Equal(0, Refused);
        long received = track.Quality().PacketsReceived;
        Receive(Protected(sender, 7, 105));                                          // so old that its count is guessed wrong

        Assert.True(received >= 59);
        Assert.Equal((received, 1), (track.Quality().PacketsReceived, Refused));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Packets_in_disorder_around_a_wrap_are_all_taken(int seed)
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        var track = pipeline.AddTrack(Track(ssrc: 7, srtp: key));
        var random = new Random(seed);

        // Each up to 20 places from its own; also the very first, whose count is not known yet.
        var order = Enumerable.Range(65_536 - 100, 200).OrderBy(n => n + 20 * random.NextDouble()).ToList();
        foreach (int n in order) Receive(Protected(sender, 7, n));

        Assert.Equal((200, 0), (track.Quality().PacketsReceived, Refused));
    }

    [Fact]
    public void Several_SSRCs_of_one_key_each_have_their_own_count()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        var track = pipeline.AddTrack(Track(srtp: key));

        Send(sender, 7, 65_500..65_600);
        now += Ms(1500);
        Send(sender, 8, 20..120);
        now += Ms(1500);
        Send(sender, 7, 65_600..65_700);

        Assert.Equal((300, 0), (track.Quality().PacketsReceived, Refused));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Two_keys_on_one_port_are_told_apart(bool bySsrc)
    {
        SrtpParameters first = Parameters("AEAD_AES_128_GCM", seed: 1), second = Parameters(seed: 2);
        var alice = pipeline.AddTrack(bySsrc ? Track(1, ssrc: 7, srtp: first) : Track(1, payloadType: 111, srtp: first));
        var bob = pipeline.AddTrack(bySsrc ? Track(2, ssrc: 8, srtp: second) : Track(2, payloadType: 96, srtp: second));

        Send(new ReferenceSrtp(first), 7, 0..10);
        Send(new ReferenceSrtp(second), 8, 0..20, payloadType: bySsrc ? Opus : (byte)96);

        Assert.Equal((10, 20, 0), (alice.Quality().PacketsReceived, bob.Quality().PacketsReceived, Refused));
    }

    [Fact]
    public void A_plain_track_beside_a_protected_one_is_as_it_was()
    {
        var alice = pipeline.AddTrack(Track(1, ssrc: 7, srtp: Parameters()));
        var bob = pipeline.AddTrack(Track(2, ssrc: 8));
        byte[] broken = Plain(8, 0);
        broken[0] |= 0x20;                                                           // padding of more octets than there are
        broken[^1] = 255;

        Receive(broken);
        for (int n = 0; n < 10; n++) Receive(Plain(8, n));

        Assert.Equal((0, 10), (alice.Quality().PacketsReceived, bob.Quality().PacketsReceived));
        Assert.Equal((1, 0), (pipeline.Refused()["malformed"], Refused));
    }

    [Fact]
    public void An_SSRC_is_adopted_with_its_first_verified_packet_and_never_for_others()
    {
        var key = Parameters();
        var track = pipeline.AddTrack(Track(srtp: key));

        for (int n = 0; n < 10; n++) Receive(Plain(66, n));                          // in sequence, as if it were somebody
        Send(new ReferenceSrtp(Parameters(seed: 2)), 67, 0..10);
        Assert.Equal(0, track.Quality().PacketsReceived);
        Send(new ReferenceSrtp(key), 7, 0..1);

        Assert.Equal(1, track.Quality().PacketsReceived);
        pipeline.Advance(now + Ms(11_000));
        Assert.Equal((20, 0), (pipeline.Refused()["srtp_auth"], pipeline.Refused()["unknown_ssrc"]));
    }

    [Fact]
    public void Packets_held_before_their_track_was_known_are_decrypted_when_it_is()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        pipeline.AddTrack(Track(1, payloadType: 96, srtp: Parameters(seed: 2)));
        byte[] padded = Plain(7, 0);
        padded[0] |= 0x20;
        padded[^1] = 4;
        Receive(sender.Protect(padded, 0));                                          // whose padding nobody can read yet
        Send(sender, 7, 1..50);
        Receive(Plain(7, 50));                                                       // somebody else's

        var track = pipeline.AddTrack(Track(2, ssrc: 7, srtp: key));
        Send(sender, 7, 51..60);

        Assert.Equal(59, track.Quality().PacketsReceived);
        Assert.Equal((1, 0), (pipeline.Refused()["srtp_auth"], pipeline.Refused()["malformed"]));
    }

    [Fact]
    public void A_verified_stream_moves_at_once_and_nobody_else_moves_it()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        var track = pipeline.AddTrack(Track(ssrc: 7, srtp: key));
        PeerAddress home = Peer("192.0.2.1", 5000), away = Peer("198.51.100.9", 6000), stranger = Peer("203.0.113.3", 7000);

        Receive(Protected(sender, 7, 0), home);
        Receive(Plain(7, 1), stranger);
        Receive(Protected(sender, 7, 1), away);
        Receive(Protected(sender, 7, 0), stranger);
        Receive(Protected(sender, 7, 2), home);

        Assert.Equal(3, track.Quality().PacketsReceived);
        Assert.Equal((1, 1, 0), (pipeline.Refused()["srtp_auth"], pipeline.Refused()["srtp_replay"], pipeline.Refused()["wrong_address"]));
    }

    [Fact]
    public void A_declared_network_holds_for_verified_packets_too()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        var track = pipeline.AddTrack(Track(ssrc: 7, from: "192.0.2.0/24", srtp: key));

        Receive(Protected(sender, 7, 0), Peer("198.51.100.9", 6000));
        Receive(Protected(sender, 7, 1), Peer("192.0.2.1", 5000));
        Receive(Protected(sender, 7, 2), Peer("198.51.100.9", 6000));

        Assert.Equal((1, 2), (track.Quality().PacketsReceived, pipeline.Refused()["wrong_address"]));
    }

    [Fact]
    public void A_flood_of_strange_SSRCs_does_not_keep_the_sender_out()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        var track = pipeline.AddTrack(Track(srtp: key));
        var random = new Random(4);

        int turn = 0;
        for (; turn < 500 && track.Quality().PacketsReceived == 0; turn++)
        {
            int mine = random.Next(100);
            for (int n = 0; n < 100; n++)
                Receive(n == mine ? Protected(sender, 7, turn) : Plain((uint)random.Next(), random.Next(65_536)));
            pipeline.Advance(now += Ms(20));
        }

        Assert.InRange(turn, 1, 499);
        Assert.True(track.Quality().PacketsReceived > 0);
    }

    [Theory]
    [InlineData(0)]                                                                  // muted, with its numbers going on
    [InlineData(2)]                                                                  // and with wraps that nobody saw
    public void A_sender_that_returns_after_a_silence_loses_nothing_under_a_flood_of_strange_SSRCs(int wraps)
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        var track = pipeline.AddTrack(Track(srtp: key));
        Send(sender, 7, 0..50);
        now += TimeSpan.FromMinutes(1);

        var random = new Random(5);
        for (int turn = 0; turn < 50; turn++)
        {
            for (int n = 0; n < 100; n++) Receive(Plain((uint)random.Next(), random.Next(65_536)));
            Receive(Protected(sender, 7, 65_536 * wraps + 50 + turn));
            pipeline.Advance(now += Ms(20));
        }

        Assert.Equal((100, 0), (track.Quality().PacketsReceived, pipeline.Refused()["wrong_address"]));
    }

    [Fact]
    public void A_flood_in_a_silent_senders_name_is_refused_as_forged_and_does_not_keep_it_out()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        var track = pipeline.AddTrack(Track(srtp: key));
        Send(sender, 7, 0..50);
        now += TimeSpan.FromMinutes(1);

        for (int n = 0; n < 100; n++) Receive(Plain(7, 50));
        Receive(Protected(sender, 7, 50));

        Assert.Equal((51, 100), (track.Quality().PacketsReceived, pipeline.Refused()["srtp_auth"]));
        Assert.Equal(0, pipeline.Refused()["wrong_address"]);
    }

    [Fact]
    public void Senders_whose_key_is_another_cost_a_newcomer_no_turn()
    {
        var (key, other) = (Parameters(), new ReferenceSrtp(Parameters(seed: 2)));
        var track = pipeline.AddTrack(Track(srtp: key));
        for (int turn = 0; turn < 5; turn++)
        {
            for (uint ssrc = 100; ssrc < 116; ssrc++) Receive(Protected(other, ssrc, turn));   // as many as are looked at in a turn
            pipeline.Advance(now += Ms(20));
        }

        for (uint ssrc = 100; ssrc < 116; ssrc++) Receive(Protected(other, ssrc, 5));
        Receive(Protected(new ReferenceSrtp(key), 7, 0));

        Assert.Equal(1, track.Quality().PacketsReceived);
    }

    [Fact]
    public void A_key_is_in_no_text()
    {
        var key = Parameters();
        Assert.Equal("SrtpParameters { AES_CM_128_HMAC_SHA1_80 }", key.ToString());
        Assert.DoesNotContain("Memory", Track(srtp: key).ToString(), StringComparison.Ordinal);
    }

    private long Refused => pipeline.Refused()["srtp_auth"] + pipeline.Refused()["srtp_replay"];

    /// <summary>Packets by index: roll-over count × 65536 + sequence number; 20 ms apart.</summary>
    private void Send(ReferenceSrtp sender, uint ssrc, Range indexes, byte payloadType = Opus)
    {
        for (int n = indexes.Start.Value; n < indexes.End.Value; n++)
        {
            Receive(Protected(sender, ssrc, n, payloadType));
            pipeline.Advance(now += Ms(20));
        }
    }

    private void Receive(byte[] datagram, PeerAddress? peer = null) => pipeline.Receive(datagram, peer ?? Loopback, now);

    private static byte[] Protected(ReferenceSrtp sender, uint ssrc, int index, byte payloadType = Opus) =>
        sender.Protect(Plain(ssrc, index, payloadType), (uint)(index >> 16));

    private static byte[] Plain(uint ssrc, int index, byte payloadType = Opus) =>
        Datagram(ssrc, (ushort)index, (uint)(960 * index), Payload(index), payloadType);
}
