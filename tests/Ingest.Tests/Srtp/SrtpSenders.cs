using Pipeline.Ingest.Srtp;

namespace Pipeline.Ingest.Tests.Srtp;

/// <summary>Keys and packets of senders in the tests.</summary>
internal static class SrtpSenders
{
    public static TheoryData<string> Suites => [.. SrtpSuite.All.Select(suite => suite.Name)];

    /// <summary>A key of the seed's own.</summary>
    public static SrtpParameters Parameters(string suite = "AES_CM_128_HMAC_SHA1_80", int seed = 1, uint rollOver = 0)
    {
        var found = SrtpSuite.Find(suite)!;
        Assert.True(SrtpLibrary.Supports(found, out string? why), why);
        var master = new byte[found.MasterLength];
        new Random(seed).NextBytes(master);
        return new SrtpParameters(found, master, rollOver);
    }

    /// <summary>A sender report without blocks.</summary>
    public static byte[] Report(byte ssrc)
    {
        var report = new byte[28];
        (report[0], report[1], report[3], report[7], report[27]) = (0x80, 200, 6, ssrc, 99);
        return report;
    }
}
