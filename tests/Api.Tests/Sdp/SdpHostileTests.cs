using System.Text;
using Pipeline.Api.Bodies;
using Pipeline.Api.Sdp;

namespace Pipeline.Api.Tests.Sdp;

/// <summary>Whatever comes: an offer that is read, or findings; never an exception, and an answer that can be read as SDP again.</summary>
public sealed class SdpHostileTests
{
    private static readonly string[] Offers = [.. new[] { "asterisk.sdp", "ffmpeg.sdp", "mediasoup.sdp", "chromium.sdp" }.Select(name => File.ReadAllText(Fixtures.Sdp(name)))];

    [Fact]
    public void Every_truncation_is_read_or_refused()
    {
        foreach (string offer in Offers)
            for (int length = 0; length <= offer.Length; length++) Answer(offer[..length]);
    }

    [Fact]
    public void Every_flipped_bit_is_read_or_refused()
    {
        foreach (string offer in Offers.Take(3))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(offer);
            for (int bit = 0; bit < 8 * bytes.Length; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << bit % 8);
                Answer(Encoding.UTF8.GetString(bytes));
                bytes[bit / 8] ^= (byte)(1 << bit % 8);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20261120)]
    public void Lines_shuffled_doubled_and_cut_at_random_are_read_or_refused(int seed)
    {
        var random = new Random(seed);
        string[] lines = [.. Offers.SelectMany(offer => offer.Split('\n'))];
        for (int n = 0; n < 5_000; n++)
        {
            var text = new StringBuilder("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=x\n");
            for (int l = random.Next(30); l > 0; l--)
            {
                string line = lines[random.Next(lines.Length)];
                if (random.Next(5) == 0) line = line[..random.Next(line.Length + 1)] + (char)random.Next(0x20, 0x250);
                text.Append(line).Append(random.Next(2) == 0 ? "\n" : "\r\n");
            }
            try { Answer(text.ToString()); }
            catch (Exception e) { Assert.Fail($"seed {seed}, offer {n}: {e}\n{text}"); }
        }
    }

    private static void Answer(string text)
    {
        var findings = new BodyFindings();
        var session = SdpReader.Read(text, findings);
        Assert.Equal(session is null, findings.Errors.Count > 0);
        if (session is null) return;
        var tracks = new SdpOffer(session, new OfferedBy(null, null, null), "203.0.113.9").Read(findings);
        Assert.Equal(session.Media.Count, tracks.Count);
        if (findings.Errors.Count > 0) return;

        var answered = tracks.Where(track => track.Spec is not null).ToDictionary(track => track, _ => new AnsweredTrack("trk_x", 26000, true));
        string answer = SdpAnswer.Write(session, tracks, answered, 1, "203.0.113.9");
        var again = SdpReader.Read(answer, findings);
        Assert.True(again is not null, $"{string.Join('\n', findings.Errors)}\n{answer}");
        Assert.True(session.Media.Select(media => (media.Kind, media.Protocol)).SequenceEqual(again.Media.Select(media => (media.Kind, media.Protocol))), answer);
    }
}
