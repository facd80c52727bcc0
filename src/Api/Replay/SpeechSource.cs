using Pipeline.Ingest.Codecs;

namespace Pipeline.Api.Replay;

/// <summary>Who speaks, and the sound of the whole meeting as the microphone heard it.</summary>
/// <param name="Samples">48 kHz mono, −1 … 1; sample 0 lies at the meeting's start.</param>
public sealed record SpokenPart(ReplayParticipant Participant, ReadOnlyMemory<float> Samples);

/// <summary>Makes a <see cref="ReplaySource"/> from wav files: what browsers would send if these sounds reached their microphones.</summary>
public static class SpeechSource
{
    public const byte PayloadType = 111;
    /// <summary>Extension id of the audio level, on every packet as browsers send it (RFC 6464).</summary>
    public const int AudioLevelId = 1;

    private const int SampleRate = 48_000;
    /// <summary>Four bytes that announce the header extension and one word of it (RFC 8285 §4.2).</summary>
    private const int ExtensionLength = 8;
    private const byte DigitalSilence = 127;   // −dBov
    private const int LongestOpusPacket = 1275;

    private static readonly Dictionary<string, string> HeaderExtensions = new()
    {
        [AudioLevelId.ToString()] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    };

    /// <summary>One speaker for each wav file in the folder.</summary>
    /// <inheritdoc cref="FromFiles"/>
    public static ReplaySource FromFolder(string folder, int seed = 1)
    {
        string[] files = Directory.GetFiles(folder, "*.wav");
        if (files.Length == 0) throw new ReplayException($"There is no wav file in {folder}.");
        Array.Sort(files, StringComparer.Ordinal);
        return FromFiles(files, seed) with { Title = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) };
    }

    /// <summary>One speaker for each wav file, named by what follows the last '-' of the file's name. All start together.</summary>
    /// <exception cref="ReplayException">A file is no wav of 16-bit PCM, or two name the same speaker.</exception>
    public static ReplaySource FromFiles(IReadOnlyList<string> files, int seed = 1)
    {
        var parts = files.Select(file => new SpokenPart(SpeakerOf(file), ReadWav(file))).ToList();
        foreach (var twice in parts.GroupBy(p => p.Participant.Id).Where(g => g.Count() > 1))
            throw new ReplayException($"Two of the wav files name the speaker '{twice.Key}': give the JSON that describes the meeting instead.");
        return Make(Path.GetFileNameWithoutExtension(files[0]), parts, seed);
    }

    /// <param name="path">The JSON of a spoken meeting, <see cref="MeetingScript"/>; its wav files are in the same folder.</param>
    /// <inheritdoc cref="FromFiles"/>
    public static ReplaySource FromScript(string path, int seed = 1)
    {
        var script = MeetingScript.Parse(ReplaySource.ReadFile(path));
        string folder = Path.GetDirectoryName(path) ?? "";
        return Make(
            script.Title is { Length: > 0 } title ? title : Path.GetFileNameWithoutExtension(path),
            [.. script.Speakers.Select(s => new SpokenPart(ReplayParticipant.Named(s.Name), Assemble(script, s, folder)))],
            seed);
    }

    /// <summary>
    /// Packet n of a speaker leaves at n · 20 ms and carries the samples from n · 960 on. A decoder gives them
    /// <see cref="OpusEncoder.Lookahead"/> samples late, unless it drops as many at the start.
    /// </summary>
    /// <param name="seed">Chooses SSRCs, first sequence numbers and first timestamps.</param>
    public static ReplaySource Make(string title, IReadOnlyList<SpokenPart> parts, int seed = 1)
    {
        var streams = new List<ReplayStream>();
        var packets = new List<ReplayPacket>();
        foreach (var part in parts)
        {
            var random = new Random(StableHash(part.Participant.Id, seed));
            uint ssrc;
            do ssrc = (uint)random.NextInt64(1, uint.MaxValue);
            while (streams.Any(s => s.Ssrc == ssrc));
            Encode(part.Samples.Span, streams.Count, new RtpHeader(PayloadType, true, (ushort)random.Next(65536), (uint)random.NextInt64(uint.MaxValue), ssrc), packets);
            streams.Add(new ReplayStream
            {
                Participant = part.Participant,
                Kind = "audio",
                Codec = "opus",
                PayloadType = PayloadType,
                ClockRate = SampleRate,
                Ssrc = ssrc,
                HeaderExtensions = HeaderExtensions,
            });
        }
        long longest = parts.Max(p => (long)p.Samples.Length);
        var duration = TimeSpan.FromTicks(longest * TimeSpan.TicksPerSecond / SampleRate);
        return new ReplaySource(title, streams, [.. packets.OrderBy(p => p.Time)], duration);
    }

    /// <param name="first">The header of the first packet; the others follow from it.</param>
    private static void Encode(ReadOnlySpan<float> samples, int stream, RtpHeader first, List<ReplayPacket> packets)
    {
        using var encoder = new OpusEncoder();
        Span<float> frame = stackalloc float[OpusEncoder.FrameSize];
        Span<byte> packet = stackalloc byte[RtpHeader.Length + ExtensionLength + LongestOpusPacket];
        int count = (samples.Length + OpusEncoder.FrameSize - 1) / OpusEncoder.FrameSize;
        for (int n = 0; n < count; n++)
        {
            var rest = samples[(n * OpusEncoder.FrameSize)..];
            frame.Clear();
            rest[..Math.Min(rest.Length, frame.Length)].CopyTo(frame);

            var header = first with
            {
                Marker = n == 0,
                SequenceNumber = (ushort)(first.SequenceNumber + n),
                Timestamp = first.Timestamp + (uint)(n * OpusEncoder.FrameSize),
            };
            header.Write(packet, extended: true);
            ReadOnlySpan<byte> extension = [0xBE, 0xDE, 0, 1, AudioLevelId << 4, (byte)(0x80 | LevelOf(frame)), 0, 0];
            extension.CopyTo(packet[RtpHeader.Length..]);
            int written = encoder.Encode(frame, packet[(RtpHeader.Length + ExtensionLength)..]);
            packets.Add(new ReplayPacket(stream, TimeSpan.FromMilliseconds(20L * n), packet[..(RtpHeader.Length + ExtensionLength + written)].ToArray()));
        }
    }

    /// <returns>−dBov, 0 loud … 127 silent.</returns>
    private static byte LevelOf(ReadOnlySpan<float> frame)
    {
        double energy = 0;
        foreach (float sample in frame) energy += (double)sample * sample;
        return energy == 0 ? DigitalSilence : (byte)Math.Clamp(Math.Round(-10 * Math.Log10(energy / frame.Length)), 0, DigitalSilence);
    }

    private static float[] ReadWav(string path)
    {
        try
        {
            var sound = WavReader.Read(ReplaySource.ReadFile(path));
            return Resampler.Resample(sound.Samples.Span, sound.SampleRate, SampleRate);
        }
        catch (ReplayException e) when (!e.Message.Contains(path, StringComparison.Ordinal))
        {
            throw new ReplayException($"{path}: {e.Message}", e);
        }
    }

    /// <returns>The speaker's clips, each at its place; silence between them.</returns>
    private static float[] Assemble(MeetingScript script, ScriptSpeaker speaker, string folder)
    {
        var clips = script.ClipsOf(speaker)
            .Select(c => (Start: StartSample(c.Start), Samples: ReadWav(Path.Combine(folder, c.File)))).ToList();
        var whole = new float[Math.Max(clips.Max(c => c.Start + c.Samples.Length), StartSample(script.Duration))];
        foreach (var (start, samples) in clips)
            for (int n = 0; n < samples.Length; n++) whole[start + n] += samples[n];
        return whole;
    }

    private static int StartSample(double seconds) => seconds is >= 0 and < 6 * 3600
        ? (int)Math.Round(seconds * SampleRate)
        : throw new ReplayException($"A clip cannot start {seconds} s into a meeting.");

    private static ReplayParticipant SpeakerOf(string file)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        name = name[(name.LastIndexOf('-') + 1)..];
        return name.Length > 0 ? ReplayParticipant.Named(name) : throw new ReplayException($"The name of {file} does not end in a speaker's name.");
    }

    /// <summary>FNV-1a: the same on every machine and in every process, unlike <see cref="string.GetHashCode()"/>.</summary>
    private static int StableHash(string text, int seed)
    {
        uint hash = 2166136261 ^ (uint)seed;
        foreach (char c in text) hash = (hash ^ c) * 16777619;
        return (int)hash;
    }
}
