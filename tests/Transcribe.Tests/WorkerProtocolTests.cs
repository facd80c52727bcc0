using Pipeline.Transcribe.Speech;
using Pipeline.Transcribe.Whisper;

namespace Pipeline.Transcribe.Tests;

public sealed class WorkerProtocolTests
{
    private static readonly WorkerMessage.Answer Answer = new(7, "de", [new SpokenWord("Grüße,", TimeSpan.FromMilliseconds(120), TimeSpan.FromMilliseconds(480), 0.97)]);
    private static readonly WorkerMessage.Job Job = new(8, new DecodeTask("en", null, Translate: true, IsThorough: true), new float[] { 0, 0.5f, -0.5f, 1, -1 });

    [Fact]
    public async Task What_is_said_is_what_is_heard()
    {
        WorkerMessage[] said = [new WorkerMessage.Ready("whisper.cpp 1.9.1", 2), new WorkerMessage.Refused("no"), new WorkerMessage.Failure(9, "why", true)];
        using var stream = new MemoryStream([.. said.Append(Answer).Append(Job).SelectMany(WorkerProtocol.Encode)]);
        foreach (var message in said) Assert.Equal(message, await WorkerProtocol.ReadAsync(stream, CancellationToken.None));

        var answer = Assert.IsType<WorkerMessage.Answer>(await WorkerProtocol.ReadAsync(stream, CancellationToken.None));
        Assert.Equal(Answer.Words, answer.Words);
        Assert.Equal("de", answer.Language);
        var job = Assert.IsType<WorkerMessage.Job>(await WorkerProtocol.ReadAsync(stream, CancellationToken.None));
        Assert.Equal((8, Job.Task), (job.Id, job.Task));
        for (int n = 0; n < Job.Samples.Length; n++) Assert.Equal(Job.Samples.Span[n], job.Samples.Span[n], 1f / short.MaxValue);
        Assert.Null(await WorkerProtocol.ReadAsync(stream, CancellationToken.None));
    }

    [Fact]
    public async Task A_frame_that_is_cut_off_is_the_end()
    {
        byte[] frame = WorkerProtocol.Encode(Answer);
        for (int length = 0; length < frame.Length; length++)
        {
            using var stream = new MemoryStream(frame[..length]);
            Assert.Null(await WorkerProtocol.ReadAsync(stream, CancellationToken.None));
        }
    }

    [Fact]
    public void Broken_frames_are_told_from_good_ones_and_never_throw_anything_else()
    {
        foreach (byte[] frame in new[] { WorkerProtocol.Encode(Answer), WorkerProtocol.Encode(Job) })
        {
            for (int length = 0; length < frame.Length - 4; length++) Decode(frame[4..(4 + length)]);
            for (int bit = 32; bit < 8 * frame.Length; bit++)
            {
                byte[] flipped = [.. frame];
                flipped[bit / 8] ^= (byte)(1 << bit % 8);
                Decode(flipped[4..]);
            }
        }

        static void Decode(byte[] body)
        {
            try
            {
                WorkerProtocol.Decode(body);
            }
            catch (InvalidDataException)
            {
                // That is how it should be.
            }
        }
    }

    [Fact]
    public async Task A_length_beyond_reason_is_refused_before_anything_is_made_for_it()
    {
        using var stream = new MemoryStream([0xFF, 0xFF, 0xFF, 0x7F, 1]);
        await Assert.ThrowsAsync<InvalidDataException>(async () => await WorkerProtocol.ReadAsync(stream, CancellationToken.None));
    }
}
