using Pipeline.Api.Replay;
using Pipeline.TestKit.Audio;

namespace Pipeline.Api.Tests.Replay;

public sealed class ReplaySourceTests
{
    [Fact]
    public void A_capture_gives_its_audio_streams_at_its_own_times()
    {
        var source = ReplaySource.Open([Fixtures.Capture("release-review-opus-vp8.pcap")]);
        Assert.Equal(["kevin", "laura", "martin"], source.Streams.Select(s => s.Participant.Id));
        Assert.Equal(["Kevin", "Laura", "Martin"], source.Streams.Select(s => s.Participant.Name));
        Assert.All(source.Streams, s => Assert.Equal(("audio", "opus", 111, 48000), (s.Kind, s.Codec, s.PayloadType, s.ClockRate)));
        Assert.Equal([3495, 3495, 3496], source.Packets.CountBy(p => p.Stream).OrderBy(c => c.Key).Select(c => c.Value));
        Assert.Equal(TimeSpan.Zero, source.Packets[0].Time);
        Assert.Equal(source.Packets.OrderBy(p => p.Time), source.Packets);
        Assert.InRange(source.Duration.TotalSeconds, 69.9, 70.2);
        // Laura's microphone opened at …666.124, her packet of …666.211 is the capture's first.
        Assert.Equal(-0.087, source.Streams[1].Origin.TotalSeconds, 0.002);
        Assert.Equal("urn:ietf:params:rtp-hdrext:ssrc-audio-level", source.Streams[0].HeaderExtensions["1"]);
    }

    [Fact]
    public void Video_is_sent_when_asked_for()
    {
        var source = ReplaySource.Open([Fixtures.Capture("orchard-opus-vp8.json")], video: true);
        Assert.Equal(6, source.Streams.Count);
        Assert.Equal(3, source.Streams.Count(s => s is { Kind: "video", Codec: "vp8", ClockRate: 90000 }));
    }

    [Fact]
    public void Wav_files_become_a_stream_for_each_speaker()
    {
        var source = SpeechSource.FromFiles([.. new[] { "kevin", "laura", "martin" }.Select(n => Fixtures.Speech($"release-review-{n}.wav"))]);
        Assert.Equal(["kevin", "laura", "martin"], source.Streams.Select(s => s.Participant.Id));
        Assert.Equal(3, source.Streams.Select(s => s.Ssrc).Distinct().Count());
        Assert.InRange(source.Duration.TotalSeconds, 61.40, 61.42);

        for (int stream = 0; stream < 3; stream++)
        {
            var packets = source.Packets.Where(p => p.Stream == stream).ToList();
            Assert.Equal((int)Math.Ceiling(source.Duration.TotalMilliseconds / 20), packets.Count);
            Assert.True(RtpHeader.TryRead(packets[0].Bytes.Span, out var first));
            for (int n = 0; n < packets.Count; n++)
            {
                Assert.True(RtpHeader.TryRead(packets[n].Bytes.Span, out var header));
                Assert.Equal(new RtpHeader(111, n == 0, (ushort)(first.SequenceNumber + n), first.Timestamp + (uint)(960 * n), source.Streams[stream].Ssrc), header);
                Assert.Equal(TimeSpan.FromMilliseconds(20 * n), packets[n].Time);
                // X bit, one-byte extension of one word: the audio level, then the packet.
                Assert.Equal([0xBE, 0xDE, 0, 1, 0x10], packets[n].Bytes.Span[12..17].ToArray());
                Assert.True(packets[n].Bytes.Length > 20);
            }
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_packets_and_another_seed_other_numbers()
    {
        string[] files = [Fixtures.Speech("utterance-01.wav")];
        var first = SpeechSource.FromFiles(files, seed: 5);
        Assert.Equal(first.Packets.Select(p => p.Bytes.ToArray()), SpeechSource.FromFiles(files, seed: 5).Packets.Select(p => p.Bytes.ToArray()));
        Assert.NotEqual(first.Streams[0].Ssrc, SpeechSource.FromFiles(files, seed: 6).Streams[0].Ssrc);
    }

    [Fact]
    public async Task What_is_sent_sounds_like_the_wav()
    {
        var source = SpeechSource.FromFiles([Fixtures.Speech("utterance-01.wav")]);
        using var folder = new TemporaryFolder();
        OggOpus.Write(folder["sent.ogg"], [.. source.Packets.Select(p => p.Bytes[20..])]);

        float[] heard = await FfmpegDecode.ToFloatAsync(folder["sent.ogg"]);
        float[] spoken = await FfmpegDecode.ToFloatAsync(Fixtures.Speech("utterance-01.wav"));
        var match = Correlation.Find(heard, spoken.AsSpan(24_000, 48_000));
        Assert.InRange(match.Offset, 24_000 - 48, 24_000 + 48);   // a millisecond: the decoder drops the encoder's look-ahead
        Assert.InRange(match.Peak, 0.9, 1);
    }

    [Fact]
    public void A_meeting_of_clips_lays_each_at_its_place()
    {
        var source = ReplaySource.Open([Fixtures.Speech("hiring-audit.json")]);
        Assert.Equal(["sarah", "thomas", "oliver"], source.Streams.Select(s => s.Participant.Id));
        Assert.Equal("Hiring plan and compliance audit", source.Title);
        Assert.InRange(source.Duration.TotalSeconds, 65.4, 66);
        var script = MeetingScript.Parse(File.ReadAllBytes(Fixtures.Speech("hiring-audit.json")));
        foreach (var segment in script.Segments)
        {
            int stream = source.Streams.ToList().FindIndex(s => s.Participant.Name == segment.Speaker);
            // −dBov in the second byte of the extension's element: somebody speaks in the middle of each segment.
            var middle = TimeSpan.FromSeconds((segment.Start + segment.End) / 2);
            int loudest = source.Packets.Where(p => p.Stream == stream && (p.Time - middle).Duration() < TimeSpan.FromMilliseconds(300)).Min(p => p.Bytes.Span[17] & 0x7F);
            Assert.InRange(loudest, 0, 40);
        }
    }

    [Fact]
    public void Some_participants_can_be_left_out()
    {
        var all = ReplaySource.Open([Fixtures.Capture("orchard-opus.pcap")]);
        var some = all.Of(["Carol", "alice"]);
        Assert.Equal(["alice", "carol"], some.Streams.Select(s => s.Participant.Id));
        Assert.Equal(2931 + 2944, some.Packets.Count);
        Assert.All(some.Packets, p => Assert.True(RtpHeader.TryRead(p.Bytes.Span, out var header) && header.Ssrc == some.Streams[p.Stream].Ssrc));
        Assert.Contains("'zoe'", Assert.Throws<ReplayException>(() => all.Of(["zoe"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Says_in_a_sentence_what_is_wrong_with_the_files()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["lonely.pcap"], CaptureBytes.Pcap(1, []));
        File.WriteAllText(folder["text.pcap"], "no capture");
        byte[] wav = CaptureBytes.Wav(16_000, 1, [0]);
        wav[34] = 24;
        File.WriteAllBytes(folder["deep-voice.wav"], wav);

        Assert.Contains("lonely.json is missing", Refused(folder["lonely.pcap"]), StringComparison.Ordinal);
        Assert.Contains("no capture, no wav", Refused(folder["text.pcap"]), StringComparison.Ordinal);
        Assert.Contains("24 bits", Refused(folder["deep-voice.wav"]), StringComparison.Ordinal);
        Assert.Contains("There is no file", Refused(folder["nothing.wav"]), StringComparison.Ordinal);
        Assert.Contains("speaker 'sarah'", Refused(Path.GetDirectoryName(Fixtures.Speech("x"))!), StringComparison.Ordinal);
    }

    private static string Refused(string path) => Assert.Throws<ReplayException>(() => ReplaySource.Open([path])).Message;
}
