using Pipeline.Ingest.Srtp;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Srtp;

/// <summary>The reference against the vectors of the RFCs, and the library against the reference.</summary>
public class SrtpVectorTests
{
    /// <summary>RFC 3711 §B.2.</summary>
    [Fact]
    public void Counter_mode_makes_the_key_stream_of_the_RFC()
    {
        byte[] stream = ReferenceSrtp.CounterMode(
            Bytes("2B7E151628AED2A6ABF7158809CF4F3C"), UInt128.Parse("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000", System.Globalization.NumberStyles.HexNumber), new byte[48]);

        Assert.Equal("E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0", Convert.ToHexString(stream));
    }

    /// <summary>RFC 3711 §B.3.</summary>
    [Fact]
    public void Session_keys_are_derived_as_in_the_RFC()
    {
        var keys = SessionKeys.Derive(Bytes("E1F97A0D3E018BE0D64FA32C06DE4139"), Bytes("0EC675AD498AFEEBB6960B3AABE6"), firstLabel: 0);

        Assert.Equal("C61E7A93744F39EE10734AFE3FF7A087", Convert.ToHexString(keys.Cipher));
        Assert.Equal("30CBBC08863D8C85D49DB34A9AE1", Convert.ToHexString(keys.Salt));
        Assert.Equal("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4", Convert.ToHexString(keys.Auth));
    }

    /// <summary>RFC 7714 §16.1.1 and §16.2.1: session keys, so nothing is derived.</summary>
    [Theory]
    [InlineData("000102030405060708090A0B0C0D0E0F",
        "F24DE3A3FB34DE6CACBA861C9D7E4BCABE633BD50D294E6F42A5F47A51C7D19B36DE3ADF8833" + "899D7F27BEB16A9152CF765EE4390CCE")]
    [InlineData("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
        "32B1DE78A822FE12EF9F78FA332E33AAB18012389A58E2F3B50B2A0276FFAE0F1BA63799B87B" + "7AA3DB36DFFFD6B0F9BB7878D7A76C13")]
    public void An_RTP_packet_is_sealed_as_in_the_RFC(string key, string expected)
    {
        byte[] packet = Bytes("8040F17B8041F8D35501A0B247616C6C696120657374206F6D6E69732064697669736120696E207061727465732074726573");
        byte[] nonce = ReferenceSrtp.Nonce(Salt, ssrc: 0x5501A0B2, index: 0xF17B);

        Assert.Equal("51753C6580C2726F20718414", Convert.ToHexString(nonce));
        Assert.Equal(expected, Convert.ToHexString(ReferenceSrtp.Gcm(Bytes(key), nonce, packet.AsSpan(12), packet.AsSpan(0, 12))));
    }

    /// <summary>RFC 7714 §17.1: index 5D4.</summary>
    [Fact]
    public void An_RTCP_packet_is_sealed_as_in_the_RFC()
    {
        byte[] packet = Bytes("81C8000D4D6172734E5450314E545032525450200000042A0000E9304C756E61DEADBEEFDEADBEEFDEADBEEFDEADBEEFDEADBEEF");
        byte[] nonce = ReferenceSrtp.Nonce(Salt, ssrc: 0x4D617273, index: 0x5D4);
        byte[] authenticated = [.. packet.AsSpan(0, 8), 0x80, 0x00, 0x05, 0xD4];

        Assert.Equal("517524055203726F207170BB", Convert.ToHexString(nonce));
        Assert.Equal(
            "63E94885DCDAB67CA727D7662F6B7E997FF5C0F76C06F32DC676A5F1730D6FDA4CE09B4686303DED0BB9275B" + "C84AA45896CF4D2FC5ABF87245D9EADE",
            Convert.ToHexString(ReferenceSrtp.Gcm(Bytes("000102030405060708090A0B0C0D0E0F"), nonce, packet.AsSpan(8), authenticated)));
    }

    [Theory]
    [MemberData(nameof(SrtpSenders.Suites), MemberType = typeof(SrtpSenders))]
    public void The_library_protects_as_the_reference_does(string suite)
    {
        var parameters = SrtpSenders.Parameters(suite);
        var reference = new ReferenceSrtp(parameters);
        using var sender = new SrtpSender(parameters, ssrc: 7);

        for (int n = 65_500; n < 65_600; n++)                                        // over a wrap
        {
            byte[] packet = Datagram(7, (ushort)n, (uint)(960 * n), Payload(n));
            Assert.Equal(reference.Protect(packet, (uint)(n >> 16)), sender.Protect(packet));
        }
        byte[] report = SrtpSenders.Report(7);
        Assert.Equal(reference.ProtectRtcp(report, index: 1), sender.ProtectRtcp(report));
    }

    private static byte[] Salt => Bytes("517569642070726F2071756F");

    private static byte[] Bytes(string hexadecimal) => Convert.FromHexString(hexadecimal);
}
