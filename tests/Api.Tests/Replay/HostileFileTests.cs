using Pipeline.Api.Replay;

namespace Pipeline.Api.Tests.Replay;

/// <summary>Every truncation of a small file, every flipped bit of it, and many at once: an answer or the documented exception.</summary>
public sealed class HostileFileTests
{
    private static readonly (long, byte[])[] Frames =
        [.. Enumerable.Range(0, 4).Select(n => (20_000L * n, CaptureBytes.Frame(1, n % 2 == 0
            ? CaptureBytes.UdpInIPv4(CaptureBytes.Rtp(7, (ushort)n), 5004)
            : CaptureBytes.UdpInIPv6(CaptureBytes.Rtp(7, (ushort)n), 5004, withExtension: true))))];

    [Fact]
    public void Pcap_never_crashes_its_reader() => Torment(CaptureBytes.Pcap(1, Frames), file => PcapReader.Read(file));

    [Fact]
    public void Pcapng_never_crashes_its_reader() =>
        Torment(CaptureBytes.Pcapng(1, Frames, bigEndian: true, resolution: 9), file => PcapReader.Read(file));

    [Fact]
    public void Wav_never_crashes_its_reader() =>
        Torment(CaptureBytes.Wav(16_000, 2, [.. Enumerable.Range(0, 64).Select(n => (short)n)]), file => WavReader.Read(file));

    [Fact]
    public void A_capture_description_never_crashes_its_reader() =>
        Torment(File.ReadAllBytes(Fixtures.Capture("orchard-opus.json")), file => CaptureDescription.Parse(file), step: 7);

    [Fact]
    public void A_meeting_description_never_crashes_its_reader() =>
        Torment(File.ReadAllBytes(Fixtures.Speech("hiring-audit.json")), file => MeetingScript.Parse(file), step: 7);

    private static void Torment(byte[] good, Action<byte[]> read, int step = 1)
    {
        read(good);
        for (int length = 0; length < good.Length; length += step) Try(good[..length], read, $"cut to {length} bytes");
        for (int bit = 0; bit < good.Length * 8; bit += step)
        {
            byte[] file = [.. good];
            file[bit / 8] ^= (byte)(1 << (bit % 8));
            Try(file, read, $"bit {bit} flipped");
        }
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            byte[] file = [.. good];
            for (int n = random.Next(2, 12); n > 0; n--) file[random.Next(file.Length)] = (byte)random.Next(256);
            Try(file, read, $"seed {seed}");
        }
    }

    private static void Try(byte[] file, Action<byte[]> read, string what)
    {
        try
        {
            read(file);
        }
        catch (ReplayException)
        {
            // The documented answer.
        }
        catch (Exception e)
        {
            Assert.Fail($"{what}: {e}");
        }
    }
}
