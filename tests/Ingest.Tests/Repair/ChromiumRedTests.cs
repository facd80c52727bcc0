using System.Text.Json;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Streams;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Repair;

/// <summary>Five seconds of RED as a browser made it.</summary>
public class ChromiumRedTests
{
    private static readonly List<(uint Timestamp, byte[] Payload)> Sent = [.. JsonDocument.Parse(File.ReadAllText(Fixtures.Red("chromium.json")))
        .RootElement.GetProperty("packets").EnumerateArray().Select(p => (p[0].GetUInt32(), Convert.FromHexString(p[1].GetString()!)))];

    [Theory]
    [InlineData(7)]
    [InlineData(3)]
    [InlineData(2)]                                                                  // every other packet
    public void What_is_lost_of_it_is_found_in_the_packet_behind(int loseEvery)
    {
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null) { Decodes = false };
        var track = (AudioTrack)pipeline.AddTrack(Track(ssrc: 7) with { RedPayloadType = Red.PayloadType });
        var file = new PlacedPackets();
        track.File = file;
        int last = Sent.Count - Sent.Count % loseEvery - 2;
        for (int n = 0; n <= last; n++)
        {
            if (n % loseEvery != loseEvery - 1) pipeline.Receive(Datagram(7, (ushort)(65500 + n), Sent[n].Timestamp, Sent[n].Payload, Red.PayloadType), Loopback, Ms(20 * n));
            pipeline.Advance(Ms(20 * n));
        }
        for (int n = last; n < last + 200; n++) pipeline.Advance(Ms(20 * n));

        Assert.Equal(Enumerable.Range(0, last + 1).Select(n => Own(Sent[n].Payload)), file.Places.Select(place => place.Payload));
        Assert.Equal((last + 1) / loseEvery, track.Recovered.Red);
        Assert.Empty(track.Quality().Gaps);
    }

    private static string Own(byte[] payload)
    {
        Assert.True(RedPacket.TryParse(payload, out var red));
        return Convert.ToHexString(red.Payload);
    }
}
