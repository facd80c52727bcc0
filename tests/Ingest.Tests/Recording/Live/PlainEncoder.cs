using System.IO.Pipelines;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Mp4;

namespace Pipeline.Ingest.Tests.Recording.Live;

/// <summary>An encoder that gives samples back as they are, in fragments of an MP4, and whose faults are the test's.</summary>
internal sealed class PlainEncoder : IEncoder
{
    /// <summary>Samples of a fragment.</summary>
    public const int Fragment = 2 * 48000;

    private readonly Pipe output = new();
    private readonly MemoryStream waiting = new();
    private readonly TaskCompletionSource unstuck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long given;                                                              // samples that came out

    public PlainEncoder() => Output = output.Reader.AsStream();

    public Stream Output { get; }
    /// <summary>It stops taking, and giving, behind that many bytes.</summary>
    public int StuckAfter { get; init; } = int.MaxValue;
    public int DiesAfter { get; init; } = int.MaxValue;
    public long Taken { get; private set; }

    public void Unstick() => unstuck.SetResult();

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> pcm, CancellationToken ct)
    {
        if (Taken == 0) await output.Writer.WriteAsync(Header(), ct);
        if (Taken >= StuckAfter) await unstuck.Task.WaitAsync(ct);
        if (Taken >= DiesAfter)
        {
            await output.Writer.CompleteAsync();
            throw new IOException("broken pipe");
        }
        Taken += pcm.Length;
        waiting.Write(pcm.Span);
        if (waiting.Length >= 2 * Fragment) await GiveAsync();
    }

    public async Task<EncoderOutcome> FinishAsync(TimeSpan patience)
    {
        if (Taken >= DiesAfter) return new EncoderOutcome(false, "it died");
        if (waiting.Length > 0) await GiveAsync();
        await output.Writer.CompleteAsync();
        return new EncoderOutcome(true, "");
    }

    public async ValueTask DisposeAsync() => await output.Writer.CompleteAsync();

    /// <summary>The samples that lie in a fragment.</summary>
    public static byte[] Samples(ReadOnlySpan<byte> fragment) => Box.Read(fragment[Box.Read(fragment).Whole.Length..]).Content.ToArray();

    private async Task GiveAsync()
    {
        byte[] pcm = waiting.ToArray();
        waiting.SetLength(0);
        uint samples = (uint)pcm.Length / 2;
        var fragment = new BoxBuilder().Box("moof", moof => moof
            .Full("mfhd", 0, 0, b => b.U32(1))
            .Box("traf", traf => traf
                .Full("tfhd", 0, 0x20000, b => b.U32(1))
                .Full("tfdt", 1, 0, b => b.U64(given))
                .Full("trun", 0, 0x301, b => b.U32(1).U32(96 + 8).U32(samples).U32((uint)pcm.Length))));
        Assert.Equal(96, fragment.Length);
        fragment.Box("mdat", b => b.Raw(pcm));
        given += samples;
        await output.Writer.WriteAsync(fragment.Bytes.ToArray());
    }

    private static byte[] Header() => new BoxBuilder()
        .Box("ftyp", b => b.Text("iso6").U32(0))
        .Box("moov", moov => moov
            .Full("mvhd", 0, 0, b => b.Zeros(8).U32(1000).Zeros(80))
            .Box("trak", trak => trak
                .Full("tkhd", 0, 3, b => b.Zeros(8).U32(1).Zeros(68))
                .Box("mdia", mdia => mdia
                    .Full("mdhd", 0, 0, b => b.Zeros(8).U32(48000).Zeros(8))
                    .Full("hdlr", 0, 0, b => b.Zeros(4).Text("soun").Zeros(13))
                    .Box("minf", minf => minf.Box("stbl", stbl => stbl.Full("stsd", 0, 0, b => b.U32(0))))))
            .Box("mvex", mvex => mvex.Full("trex", 0, 0, b => b.U32(1).U32(1).U32(0).U32(0).U32(0)))).Bytes.ToArray();
}
