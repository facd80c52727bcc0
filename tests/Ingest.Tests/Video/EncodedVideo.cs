using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Tests.Video;

/// <summary>What a real encoder made of moving test pictures, put into RTP by GStreamer (AV1: by <see cref="Av1Packets"/>), and what a decoder makes of the encoder's own file.</summary>
/// <param name="Datagrams">In order, SSRC and sequence numbers as the packetiser chose them.</param>
/// <param name="Pictures">A hash of each decoded picture, as shown.</param>
/// <param name="Timestamps">Of each RTP frame in the order of decoding.</param>
internal sealed record EncodedVideo(string Codec, IReadOnlyList<byte[]> Datagrams, IReadOnlyList<string> Pictures, IReadOnlyList<uint> Timestamps)
{
    public const byte PayloadType = 96;

    /// <param name="frames">15 a second.</param>
    /// <param name="source">A source of `ffmpeg`'s lavfi.</param>
    /// <param name="options">Of the encoder, behind those for its codec.</param>
    public static async Task<EncodedVideo> MakeAsync(string codec, int frames = 60, string source = "testsrc2=size=320x180:rate=15", string options = "", int mtu = 700)
    {
        using var folder = new TemporaryFolder();
        string file = folder[codec == "av1" ? "video.ivf" : "video.mkv"];
        string encoder = codec switch
        {
            "vp8" => "libvpx -deadline realtime -cpu-used 8 -g 12 -b:v 400k -auto-alt-ref 0 -lag-in-frames 0",
            "vp9" => "libvpx-vp9 -deadline realtime -cpu-used 8 -g 12 -b:v 400k -lag-in-frames 0",
            "h264" => "libx264 -preset veryfast -tune zerolatency -profile:v baseline -g 12 -b:v 400k",
            _ => "libaom-av1 -usage realtime -cpu-used 8 -g 12 -b:v 400k -lag-in-frames 0",
        };
        await RunAsync("ffmpeg", $"-v error -f lavfi -i {source} -frames:v {frames} -pix_fmt yuv420p -c:v {encoder} {options} -threads 1 {file}");
        var pictures = await PicturesAsync(file);
        IReadOnlyList<byte[]> datagrams;
        if (codec == "av1") datagrams = Av1Packets.Make(Ivf(file), mtu);
        else
        {
            string payloader = codec switch
            {
                "vp8" => "rtpvp8pay picture-id-mode=2",
                "vp9" => "rtpvp9pay picture-id-mode=2",
                _ => "rtph264pay config-interval=-1 aggregate-mode=zero-latency",
            };
            await RunAsync("gst-launch-1.0", $"-q filesrc location={file} ! matroskademux ! {payloader} mtu={mtu} pt={PayloadType} ! rtpstreampay ! filesink location={folder["rtp"]}");
            datagrams = Framed(folder["rtp"]);
        }
        return new EncodedVideo(codec, datagrams, [.. pictures.Select(p => p.Hash)], [.. datagrams.Select(Timestamp).Aggregate(new List<uint>(), (all, t) =>
        {
            if (all.Count == 0 || all[^1] != t) all.Add(t);
            return all;
        })]);
    }

    /// <summary>The same as if its sender had gone on with it behind another: one SSRC, numbers and times that follow.</summary>
    public EncodedVideo After(EncodedVideo other)
    {
        uint gap = other.Timestamps[^1] + 6000 - Timestamps[0];
        var last = other.Datagrams[^1];
        int sequence = BinaryPrimitives.ReadUInt16BigEndian(last.AsSpan(2)) + 1 - BinaryPrimitives.ReadUInt16BigEndian(Datagrams[0].AsSpan(2));
        var moved = Datagrams.Select(d =>
        {
            byte[] copy = [.. d];
            BinaryPrimitives.WriteUInt16BigEndian(copy.AsSpan(2), (ushort)(BinaryPrimitives.ReadUInt16BigEndian(d.AsSpan(2)) + sequence));
            BinaryPrimitives.WriteUInt32BigEndian(copy.AsSpan(4), Timestamp(d) + gap);
            last.AsSpan(8, 4).CopyTo(copy.AsSpan(8));
            return copy;
        });
        return new EncodedVideo(Codec, [.. other.Datagrams, .. moved], [.. other.Pictures, .. Pictures], [.. other.Timestamps, .. Timestamps.Select(t => t + gap)]);
    }

    /// <summary>The packet with a header extension of one element (RFC 8285 §4.2).</summary>
    public static byte[] Extended(byte[] datagram, byte id, byte value)
    {
        byte[] head = [(byte)(datagram[0] | 0x10), .. datagram[1..12]];
        return [.. head, 0xBE, 0xDE, 0, 1, (byte)(id << 4), value, 0, 0, .. datagram[12..]];
    }

    /// <summary>When each picture of a file is shown, and a hash of it, decoded by `ffmpeg`, which finds nothing wrong.</summary>
    public static async Task<IReadOnlyList<(double Seconds, string Hash)>> PicturesAsync(string path, string decoder = "")
    {
        string said = await RunAsync("ffmpeg", $"-v error -xerror -err_detect explode -copyts -autorotate 0 {decoder} -i {path} -map 0:v -autoscale 0 -vsync passthrough -enc_time_base 1:90000 -f framehash -hash sha256 pipe:1");
        return [.. said.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(',', StringSplitOptions.TrimEntries))
            .Select(fields => (long.Parse(fields[2]) / 90_000.0, fields[5]))];
    }

    /// <summary>What `ffprobe` says of a file's first video stream or the file, by name.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> ProbeAsync(string path)
    {
        string said = await RunAsync("ffprobe", $"-v error -select_streams v:0 -show_entries stream=codec_name,codec_tag_string,width,height:format=duration,start_time:stream_side_data=rotation -of default=nw=1 {path}");
        return said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=')).GroupBy(pair => pair[0]).ToDictionary(g => g.Key, g => g.First()[1]);
    }

    public static uint Timestamp(byte[] datagram) => BinaryPrimitives.ReadUInt32BigEndian(datagram.AsSpan(4));

    public static async Task<string> RunAsync(string program, string arguments)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(info)!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {arguments}: {await errors}");
        return output;
    }

    /// <summary>A hash of each picture a program writes to its standard output.</summary>
    /// <param name="frame">Bytes of one.</param>
    public static async Task<List<string>> HashesAsync(string program, string arguments, int frame)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        using var process = Process.Start(info)!;
        var hashes = new List<string>();
        for (var picture = new byte[frame]; await process.StandardOutput.BaseStream.ReadAtLeastAsync(picture, frame, throwOnEndOfStream: false) == frame;)
            hashes.Add(Convert.ToHexStringLower(SHA256.HashData(picture)));
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return hashes;
    }

    public static void WriteFramed(string path, IEnumerable<byte[]> packets)
    {
        using var file = File.Create(path);
        foreach (byte[] packet in packets) file.Write([(byte)(packet.Length >> 8), (byte)packet.Length, .. packet]);
    }

    /// <summary>Each packet behind its length in 16 bits (RFC 4571).</summary>
    private static List<byte[]> Framed(string path)
    {
        byte[] all = File.ReadAllBytes(path);
        var packets = new List<byte[]>();
        for (int at = 0; at < all.Length;)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(all.AsSpan(at));
            byte[] packet = all[(at + 2)..(at + 2 + length)];
            if (!RtpPacket.IsRtcp(packet)) packets.Add(packet);
            at += 2 + length;
        }
        return packets;
    }

    public static IEnumerable<(long Time, byte[] Unit)> Ivf(string path)
    {
        byte[] all = File.ReadAllBytes(path);
        Assert.Equal("DKIF", Encoding.ASCII.GetString(all, 0, 4));
        for (int at = 32; at < all.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(all.AsSpan(at));
            yield return (BinaryPrimitives.ReadInt64LittleEndian(all.AsSpan(at + 4)), all[(at + 12)..(at + 12 + length)]);
            at += 12 + length;
        }
    }
}
