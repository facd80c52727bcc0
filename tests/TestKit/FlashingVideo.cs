using System.Buffers.Binary;
using System.Globalization;
using Pipeline.TestKit.Audio;

namespace Pipeline.TestKit;

/// <summary>A picture as VP8 in RTP (RFC 7741), made by the `ffmpeg` program; and when a decoder sees it light up.</summary>
public static class FlashingVideo
{
    public const int PicturesPerSecond = 25, ClockRate = 90_000;
    private const int MostPayload = 1100;

    /// <param name="source">Of lavfi.</param>
    /// <param name="duration">Of it.</param>
    /// <returns>Each packet with the time of its picture.</returns>
    public static async Task<IReadOnlyList<(TimeSpan Time, byte[] Datagram)>> PacketsAsync(string source, TimeSpan duration, uint ssrc, byte payloadType, int bitrateBps = 600_000, CancellationToken ct = default)
    {
        byte[] ivf = await Tool.RunAsync(
            "ffmpeg",
            [
                "-v", "error", "-f", "lavfi", "-i", source, "-t", duration.TotalSeconds.ToString(CultureInfo.InvariantCulture), "-r", $"{PicturesPerSecond}", "-pix_fmt", "yuv420p",
                "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "50", "-b:v", $"{bitrateBps}", "-auto-alt-ref", "0", "-lag-in-frames", "0", "-f", "ivf", "-",
            ], ct);
        var packets = new List<(TimeSpan, byte[])>();
        ushort sequence = 1;
        for (int at = 32, picture = 0; at < ivf.Length; picture++)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(ivf.AsSpan(at));
            var frame = ivf.AsSpan(at + 12, length);
            var time = TimeSpan.FromSeconds(picture / (double)PicturesPerSecond);
            for (int from = 0; from < length; from += MostPayload)
            {
                var part = frame.Slice(from, Math.Min(MostPayload, length - from));
                var datagram = new byte[13 + part.Length];
                datagram[0] = 0x80;
                datagram[1] = (byte)(payloadType | (from + part.Length == length ? 0x80 : 0));
                BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), sequence++);
                BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(4), (uint)(picture * (ClockRate / PicturesPerSecond)));
                BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(8), ssrc);
                datagram[12] = (byte)(from == 0 ? 0x10 : 0);                         // it begins the partition, and the picture
                part.CopyTo(datagram.AsSpan(13));
                packets.Add((time, datagram));
            }
            at += 12 + length;
        }
        return packets;
    }

    /// <summary>When pictures of a file become light that were dark.</summary>
    public static async Task<IReadOnlyList<TimeSpan>> FlashesAsync(string file, CancellationToken ct = default)
    {
        byte[] light = await Tool.RunAsync(
            "ffmpeg", ["-v", "error", "-copyts", "-i", file, "-map", "0:v", "-vf", "crop=iw/4:ih/4,scale=1:1:flags=area,format=gray", "-vsync", "passthrough", "-f", "rawvideo", "-"], ct);
        var shown = await FfmpegDecode.PicturesAsync(file, ct);
        var flashes = new List<TimeSpan>();
        for (int n = 1; n < shown.Count; n++)
            if (light[n] > 128 && light[n - 1] <= 128) flashes.Add(shown[n]);
        return flashes;
    }
}
