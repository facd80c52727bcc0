using System.Buffers;
using System.Buffers.Binary;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Recording.Renders;

/// <summary>
/// A part of a meeting's sound as some of its tracks make it, mixed from the journal as it is read: s16le, 48 kHz mono. The same journal gives the same bytes.
/// What is before the part is decoded too, so that gains and decoders are what they were.
/// </summary>
internal sealed class MixedSound : Stream, IMixSink
{
    /// <summary>Where nothing was sent for long, silence is mixed in pieces of this length.</summary>
    private static readonly TimeSpan Stride = TimeSpan.FromSeconds(10);

    private readonly IEnumerator<JournalBlock> blocks;
    private readonly MediaPipeline pipeline;
    private readonly JournalPlayback playback;
    private readonly TimeSpan duration;
    private readonly long from, to;                                                  // samples since the meeting began
    private readonly Action<double> read;
    private readonly CancellationToken ct;
    private readonly ArrayBufferWriter<byte> pcm = new(1 << 16);
    private long mixed;
    private int taken;                                                               // bytes of what is in there
    private bool waits, ended;                                                       // a block that is not due yet; the journal has no more

    /// <param name="duration">The meeting's length.</param>
    /// <param name="takes">Which tracks are in the mix.</param>
    /// <param name="read">Told how much of the part was read, 0 … 1, now and then.</param>
    public MixedSound(JournalReader journal, TimeSpan duration, TimeSpan from, TimeSpan to, Func<TrackDescription, bool> takes, Action<double> read, CancellationToken ct)
    {
        (this.duration, this.read, this.ct) = (duration, read, ct);
        (this.from, this.to) = (OpusPacket.ToSamples(from), OpusPacket.ToSamples(to));
        blocks = journal.ReadBlocks().GetEnumerator();
        pipeline = new MediaPipeline(journal: null, this, speech: null) { Delay = MediaPipeline.ReplayDelay, Mixes = takes };
        playback = new JournalPlayback(pipeline);
    }

    /// <summary>Samples of the part.</summary>
    public long Samples => to - from;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="IOException">The journal cannot be read.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (taken == pcm.WrittenCount)
        {
            pcm.ResetWrittenCount();
            taken = 0;
            while (pcm.WrittenCount == 0 && !ended)
            {
                ct.ThrowIfCancellationRequested();
                Advance();
            }
            read(Math.Min(1, (double)mixed / to));
        }
        int count = Math.Min(buffer.Length, pcm.WrittenCount - taken);
        pcm.WrittenSpan.Slice(taken, count).CopyTo(buffer);
        taken += count;
        return count;
    }

    /// <summary>The next frame of the mix.</summary>
    void IMixSink.Write(ReadOnlySpan<float> frame)
    {
        int first = (int)Math.Clamp(from - mixed, 0, frame.Length), end = (int)Math.Clamp(to - mixed, 0, frame.Length);
        mixed += frame.Length;
        if (end <= first) return;
        var bytes = pcm.GetSpan(2 * (end - first));
        for (int i = first; i < end; i++)
            BinaryPrimitives.WriteInt16LittleEndian(bytes[(2 * (i - first))..], (short)MathF.Round(Math.Clamp(frame[i], -1f, 1f) * short.MaxValue));
        pcm.Advance(2 * (end - first));
    }

    public override void Flush() { }
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer, offset, count));
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            blocks.Dispose();
            pipeline.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>One block of the journal, or a stride of the time before the next one.</summary>
    private void Advance()
    {
        if (mixed >= to) { ended = true; return; }
        waits = waits || blocks.MoveNext();
        var due = waits ? blocks.Current.Begins : duration;
        if (playback.Advanced + Stride < due) playback.Advance(playback.Advanced + Stride);
        else if (waits)
        {
            playback.Play(blocks.Current);
            waits = false;
        }
        else
        {
            playback.Finish(duration);
            ended = true;
        }
    }
}
