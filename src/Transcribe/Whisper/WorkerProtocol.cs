using System.Buffers.Binary;
using System.Text;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>What the server and its worker say to each other.</summary>
internal abstract record WorkerMessage
{
    private WorkerMessage() { }

    /// <summary>Worker: the model is loaded; this many jobs can be asked at once.</summary>
    public sealed record Ready(string Engine, int Threads) : WorkerMessage;

    /// <summary>Worker: it will never be ready, and starting it again would change nothing.</summary>
    public sealed record Refused(string Reason) : WorkerMessage;

    /// <summary>Server: recognise this.</summary>
    /// <param name="Samples">16 kHz mono; 16 bits each on the wire.</param>
    public sealed record Job(long Id, DecodeTask Task, ReadOnlyMemory<float> Samples) : WorkerMessage;

    /// <summary>Worker: the outcome of the job.</summary>
    public sealed record Answer(long Id, string Language, IReadOnlyList<SpokenWord> Words) : WorkerMessage;

    /// <summary>Worker: the job came to nothing.</summary>
    public sealed record Failure(long Id, string Reason, bool CanRetry) : WorkerMessage;
}

/// <summary>
/// Frames on the worker's socket, little-endian: length (4 bytes, of what follows), kind (1 byte), fields in order; strings as
/// <see cref="BinaryWriter"/> writes them, times in ticks.
/// </summary>
internal static class WorkerProtocol
{
    private const int MaxFrameLength = 4 << 20;
    private const int MaxWords = 4096;

    private enum Kind : byte { Ready = 1, Refused = 2, Job = 3, Answer = 4, Failure = 5 }

    /// <summary>One whole frame, length included.</summary>
    public static byte[] Encode(WorkerMessage message)
    {
        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(0);
        Write(writer, message);
        writer.Flush();
        byte[] frame = stream.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - 4);
        return frame;
    }

    /// <summary>The next message; null where the other side has closed.</summary>
    /// <exception cref="InvalidDataException">What came is no message.</exception>
    public static async ValueTask<WorkerMessage?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] header = new byte[4];
        int read = await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken);
        if (read < header.Length) return null;

        int length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length is < 1 or > MaxFrameLength) throw new InvalidDataException($"A frame of {length} bytes.");
        byte[] body = new byte[length];
        read = await stream.ReadAtLeastAsync(body, length, throwOnEndOfStream: false, cancellationToken);
        return read < length ? null : Decode(body);
    }

    /// <exception cref="InvalidDataException">These bytes are no message.</exception>
    public static WorkerMessage Decode(byte[] body)
    {
        using var reader = new BinaryReader(new MemoryStream(body, writable: false), Encoding.UTF8);
        try
        {
            return Read(reader);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or ArgumentException)
        {
            throw new InvalidDataException("A frame that is too short for what it says it holds.", e);
        }
    }

    private static void Write(BinaryWriter writer, WorkerMessage message)
    {
        switch (message)
        {
            case WorkerMessage.Ready ready:
                writer.Write((byte)Kind.Ready);
                writer.Write(ready.Engine);
                writer.Write(ready.Threads);
                break;
            case WorkerMessage.Refused refused:
                writer.Write((byte)Kind.Refused);
                writer.Write(refused.Reason);
                break;
            case WorkerMessage.Job job:
                writer.Write((byte)Kind.Job);
                writer.Write(job.Id);
                writer.Write(job.Task.Language);
                writer.Write(job.Task.Prompt ?? "");
                writer.Write(job.Task.Translate);
                writer.Write(job.Task.IsThorough);
                writer.Write(job.Samples.Length);
                foreach (float sample in job.Samples.Span) writer.Write((short)MathF.Round(Math.Clamp(sample, -1, 1) * short.MaxValue));
                break;
            case WorkerMessage.Answer answer:
                writer.Write((byte)Kind.Answer);
                writer.Write(answer.Id);
                writer.Write(answer.Language);
                writer.Write(answer.Words.Count);
                foreach (var word in answer.Words)
                {
                    writer.Write(word.Text);
                    writer.Write(word.Start.Ticks);
                    writer.Write(word.End.Ticks);
                    writer.Write(word.Confidence);
                }
                break;
            case WorkerMessage.Failure failure:
                writer.Write((byte)Kind.Failure);
                writer.Write(failure.Id);
                writer.Write(failure.Reason);
                writer.Write(failure.CanRetry);
                break;
        }
    }

    private static WorkerMessage Read(BinaryReader reader)
    {
        switch ((Kind)reader.ReadByte())
        {
            case Kind.Ready:
                return new WorkerMessage.Ready(reader.ReadString(), Count(reader.ReadInt32(), 256));
            case Kind.Refused:
                return new WorkerMessage.Refused(reader.ReadString());
            case Kind.Job:
                long id = reader.ReadInt64();
                string language = reader.ReadString(), prompt = reader.ReadString();
                var task = new DecodeTask(language, prompt.Length == 0 ? null : prompt, Translate: reader.ReadBoolean(), IsThorough: reader.ReadBoolean());
                float[] samples = new float[Count(reader.ReadInt32(), SpeechJob.MaxSamples)];
                for (int n = 0; n < samples.Length; n++) samples[n] = reader.ReadInt16() / (float)short.MaxValue;
                return new WorkerMessage.Job(id, task, samples);
            case Kind.Answer:
                long answered = reader.ReadInt64();
                string heard = reader.ReadString();
                var words = new SpokenWord[Count(reader.ReadInt32(), MaxWords)];
                for (int n = 0; n < words.Length; n++)
                    words[n] = new SpokenWord(reader.ReadString(), new TimeSpan(reader.ReadInt64()), new TimeSpan(reader.ReadInt64()), reader.ReadDouble());
                return new WorkerMessage.Answer(answered, heard, words);
            case Kind.Failure:
                return new WorkerMessage.Failure(reader.ReadInt64(), reader.ReadString(), reader.ReadBoolean());
            case var kind:
                throw new InvalidDataException($"A frame of kind {(byte)kind}.");
        }
    }

    private static int Count(int value, int max) =>
        value >= 0 && value <= max ? value : throw new InvalidDataException($"{value} of at most {max}.");
}
