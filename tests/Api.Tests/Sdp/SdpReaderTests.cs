using System.Net;
using Pipeline.Api.Bodies;
using Pipeline.Api.Sdp;

namespace Pipeline.Api.Tests.Sdp;

public sealed class SdpReaderTests
{
    private const string Head = "v=0\no=- 1 2 IN IP4 192.0.2.1\ns=-\n";

    [Fact]
    public void Every_line_finds_its_place()
    {
        var read = Read("v=0\r\no=alice 12 34 IN IP4 192.0.2.1\r\ns=Weekly sync\r\ni=about\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
            + "m=audio 5004/2 RTP/AVP 111 0\r\ni=Alice's microphone\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n"
            + "m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP6 2001:db8::7\r\nb=AS:500\r\na=mid:1\r\n");

        Assert.Equal(new SdpOrigin("alice", "12", "34"), read.Origin);
        Assert.Equal("Weekly sync", read.Name);
        Assert.Equal(new SdpAttribute("group", "BUNDLE 0", 7), Assert.Single(read.Attributes));
        var (audio, video) = (read.Media[0], read.Media[1]);
        Assert.Equal((8, "audio", 5004, "RTP/AVP", "Alice's microphone"), (audio.Line, audio.Kind, audio.Port, audio.Protocol, audio.Title));
        Assert.Equal(["111", "0"], audio.Formats);
        Assert.Equal(IPAddress.Parse("192.0.2.9"), audio.Connection);
        Assert.True(audio.Has("sendonly"));
        Assert.Equal("111 opus/48000/2", audio.Value("rtpmap"));
        Assert.Equal((12, 0, "UDP/TLS/RTP/SAVPF"), (video.Line, video.Port, video.Protocol));
        Assert.Equal(IPAddress.Parse("2001:db8::7"), video.Connection);
        Assert.Equal("1", video.Value("mid"));
    }

    [Theory]
    [InlineData("", "line 1: must be a letter, \"=\" and a value")]
    [InlineData("{}", "line 1: must be a letter, \"=\" and a value")]
    [InlineData("v=1\n", "line 1: must be \"v=0\"")]
    [InlineData("o=- 1 1 IN IP4 192.0.2.1\n", "line 1: must be \"v=0\"")]
    [InlineData("v=0\ns=-\n", "an o= line is required")]
    [InlineData("v=0\no=- 1 1 IN IP4 192.0.2.1\n", "an s= line is required")]
    [InlineData(Head + "x=1\n", "line 4: has a type that SDP does not have")]
    [InlineData(Head + "\nt=0 0\n", "line 4: must be a letter, \"=\" and a value")]
    [InlineData(Head + "v=0\n", "line 4: v= is the first line and no other")]
    [InlineData(Head + "s=again\n", "line 4: s= is there more than once")]
    [InlineData(Head + "m=audio 1 RTP/AVP 0\no=- 1 1 IN IP4 192.0.2.1\n", "line 5: o= belongs before the first m=")]
    [InlineData("v=0\no=- 1 IN IP4 192.0.2.1\ns=-\n", "line 2: must be \"o=")]
    [InlineData("v=0\no=- x 1 IN IP4 192.0.2.1\ns=-\n", "line 2: must be \"o=")]
    [InlineData(Head + "c=IN IP4 sender.example\n", "line 4: must hold an IP4 address: names are not looked up")]
    [InlineData(Head + "c=IN IP4 1\n", "line 4: must hold an IP4 address")]
    [InlineData(Head + "c=IN IP4 192.0.2.256\n", "line 4: must hold an IP4 address")]
    [InlineData(Head + "c=IN IP4 192.0.02.1\n", "line 4: must hold an IP4 address")]
    [InlineData(Head + "c=IN IP4 2001:db8::7\n", "line 4: must hold an IP4 address")]
    [InlineData(Head + "c=IN IP6 fe80::1%eth0\n", "line 4: must hold an IP6 address")]
    [InlineData(Head + "c=192.0.2.1\n", "line 4: must be \"c=")]
    [InlineData(Head + "m=audio 70000 RTP/AVP 0\n", "line 4: must be \"m=")]
    [InlineData(Head + "m=audio -1 RTP/AVP 0\n", "line 4: must be \"m=")]
    [InlineData(Head + "m=audio 1 RTP/AVP\n", "line 4: must be \"m=")]
    [InlineData(Head + "a=:1\n", "line 4: must be \"a=")]
    [InlineData(Head + "a=tool:\0\n", "line 4: must not hold control characters")]
    [InlineData(Head + "i=a\rb\n", "line 4: must not hold control characters")]
    public void What_is_wrong_is_named_by_its_line(string text, string said)
    {
        var findings = new BodyFindings();
        Assert.Null(SdpReader.Read(text, findings));
        Assert.Contains(findings.Errors, error => error.Pointer.Length == 0 && error.Message.StartsWith(said, StringComparison.Ordinal));
    }

    [Fact]
    public void All_wrong_lines_are_told_at_once()
    {
        var findings = new BodyFindings();
        SdpReader.Read(Head + "x=1\na=\nm=audio\n", findings);
        Assert.Equal(["line 4", "line 5", "line 6"], findings.Errors.Select(error => error.Message.Split(':')[0]));
    }

    [Theory]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    public void A_line_has_its_longest(int length, bool fits)
    {
        Assert.Equal(fits, SdpReader.Read(Head + "a=x:" + new string('y', length - 4) + "\n", new BodyFindings()) is not null);
    }

    [Theory]
    [InlineData(9_997, 99, true)]
    [InlineData(9_998, 0, false)]
    [InlineData(0, 100, true)]
    [InlineData(0, 101, false)]
    public void A_description_has_its_longest(int attributes, int media, bool fits)
    {
        string text = Head + string.Concat(Enumerable.Repeat("a=x\n", attributes - (attributes > 9_000 ? media : 0))) + string.Concat(Enumerable.Repeat("m=audio 1 RTP/AVP 0\n", media));
        Assert.Equal(fits, SdpReader.Read(text, new BodyFindings()) is not null);
    }

    [Theory]
    [InlineData("asterisk.sdp")]
    [InlineData("chromium.sdp")]
    [InlineData("ffmpeg.sdp")]
    [InlineData("ffmpeg-srtp.sdp")]
    [InlineData("gstreamer.sdp")]
    [InlineData("mediasoup.sdp")]
    public void Offers_of_real_senders_are_read_with_either_line_end(string name)
    {
        string text = File.ReadAllText(Fixtures.Sdp(name));
        var (unix, internet) = (Read(text), Read(text.Replace("\n", "\r\n")));
        Assert.Equal(text.Split('\n').Count(line => line.StartsWith("m=", StringComparison.Ordinal)), unix.Media.Count);
        Assert.Equal(unix.Media.SelectMany(media => media.Attributes), internet.Media.SelectMany(media => media.Attributes));
    }

    private static SessionDescription Read(string text)
    {
        var findings = new BodyFindings();
        var read = SdpReader.Read(text, findings);
        Assert.Empty(findings.Errors);
        return read!;
    }
}
