using System.Buffers.Binary;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Recording.Composite;

/// <summary>
/// What a composite is made of, from one pass over the journal: who is there when, what is seen and heard of them; their pictures as files of their own codecs, and
/// their sound mixed. The files are sealed, and lie in a folder that the caller deletes.
/// </summary>
/// <param name="range">The part of the meeting that is wanted.</param>
/// <param name="participants">Ids; null: everybody.</param>
internal sealed class CompositeSurvey(JournalReader journal, string folder, TimeRange range, IReadOnlyList<string>? participants) : IMixSink, ILevelSink, IDisposable
{
    private static readonly TimeSpan Stride = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Participant> people = [];                    // all there are: who is left out has a colour, too
    private readonly Dictionary<int, string> whoseVoice = [];                        // by track
    private readonly List<(VideoTrack Track, PictureLog Log)> pictures = [];
    private readonly List<(MediaTrack Track, Participant Owner)> tracks = [];
    private readonly List<LoudestSpan> loudest = [];
    private readonly SealedFile sound = SealedFile.Create(Path.Combine(folder, "sound.pcm"), journal.Keys);
    private readonly byte[] samples = new byte[2 * Mixer.FrameSize];
    private long mixed;

    /// <summary>What tracks are called now, by number; one that is not there, as it was when it was added.</summary>
    public IReadOnlyDictionary<int, string> Names { get; init; } = new Dictionary<int, string>();
    public bool IsWanted => true;

    /// <summary>Of the mix: s16le, 48 kHz mono.</summary>
    public string Sound => Path.Combine(folder, "sound.pcm");
    /// <summary>By track number.</summary>
    public Dictionary<int, string> Files { get; } = [];
    /// <summary>How long a picture of the track stays when no other comes.</summary>
    public TimeSpan StaysOf(int track) => pictures.First(p => p.Track.Description.Number == track).Log.Stays;

    /// <param name="duration">The meeting's length.</param>
    /// <exception cref="IOException">The journal cannot be read, or the files not written.</exception>
    public Cast Read(TimeSpan duration, IProgress<double> progress, CancellationToken ct)
    {
        using var pipeline = new MediaPipeline(journal: null, this, speech: null) { Delay = MediaPipeline.ReplayDelay, Levels = this };
        var playback = new JournalPlayback(pipeline) { Takes = Take };
        playback.TrackAdded += Add;
        foreach (var block in journal.ReadBlocks())
        {
            ct.ThrowIfCancellationRequested();
            Pass(playback, block.Begins);
            playback.Play(block);
            progress.Report(Math.Min(1, block.Begins / duration));
        }
        Pass(playback, duration);
        playback.Finish(duration);
        sound.Complete();

        var seen = new List<PictureTrack>();
        foreach (var (_, log) in pictures)
            if (log.Finish() is var (track, path))
            {
                seen.Add(track);
                Files[track.Track] = path;
            }
        return new Cast([.. people.Values.Where(p => p.IsTaken).Select(p => p.Member(tracks.Where(t => t.Owner == p).Select(t => t.Track)))], seen, loudest);
    }

    public void Write(ReadOnlySpan<float> frame)
    {
        long from = OpusPacket.ToSamples(range.From), to = OpusPacket.ToSamples(range.To);
        var part = frame[(int)Math.Clamp(from - mixed, 0, frame.Length)..(int)Math.Clamp(to - mixed, 0, frame.Length)];
        mixed += frame.Length;
        for (int n = 0; n < part.Length; n++)
            BinaryPrimitives.WriteInt16LittleEndian(samples.AsSpan(2 * n), (short)MathF.Round(Math.Clamp(part[n], -1f, 1f) * short.MaxValue));
        sound.Write(samples.AsSpan(0, 2 * part.Length));
    }

    public void Write(LevelReading reading)
    {
        var from = reading.At - OpusPacket.ToTime(LevelReading.Span);
        (string? Who, int Level) most = (null, int.MinValue);
        foreach (var level in reading.Tracks)
        {
            if (!level.IsSpeaking || !whoseVoice.TryGetValue(level.Track, out string? who)) continue;
            people[who].Speaks(from, reading.At);
            if (level.LevelDb > most.Level) most = (who, level.LevelDb);
        }
        if (most.Who is null) return;
        if (loudest.Count > 0 && loudest[^1].To == from && loudest[^1].Participant == most.Who) loudest[^1] = loudest[^1] with { To = reading.At };
        else loudest.Add(new LoudestSpan(from, reading.At, most.Who));
    }

    public void Dispose()
    {
        foreach (var (_, log) in pictures) log.Dispose();
        sound.Dispose();
    }

    private bool Take(TrackAdded added)
    {
        if (!people.TryGetValue(added.Participant, out var person))
        {
            bool isTaken = participants is null || participants.Contains(added.Participant);
            people[added.Participant] = person = new Participant(added.Participant, Names.GetValueOrDefault(added.Number, added.Name), people.Count, isTaken);
        }
        return person.IsTaken;
    }

    private void Add(MediaTrack track)
    {
        var description = track.Description;
        tracks.Add((track, people[description.Participant]));
        if (track is AudioTrack && description.Source == "microphone") whoseVoice[description.Number] = description.Participant;
        if (track is not VideoTrack video) return;
        var log = new PictureLog(video, folder, journal.Keys, range);
        video.Pictures = log;
        pictures.Add((video, log));
    }

    /// <summary>Lets time go by up to the next block or the end, without holding hours of silence in memory.</summary>
    private static void Pass(JournalPlayback playback, TimeSpan until)
    {
        for (var at = playback.Advanced + Stride; at < until; at += Stride) playback.Advance(at);
    }

    private sealed class Participant(string id, string name, int number, bool isTaken)
    {
        private readonly List<TimeRange> speaking = [];

        public bool IsTaken => isTaken;

        public void Speaks(TimeSpan from, TimeSpan to)
        {
            if (speaking.Count > 0 && speaking[^1].To >= from) speaking[^1] = speaking[^1] with { To = to };
            else speaking.Add(new TimeRange(from, to));
        }

        /// <summary>Who never sent anything never came; the others are there from their first packet until their last track ends.</summary>
        public CastMember Member(IEnumerable<MediaTrack> tracks)
        {
            var present = new List<TimeRange>();
            foreach (var (from, to) in tracks.Where(t => t.FirstPacket is not null).Select(t => (From: t.FirstPacket!.Value, To: t.EndedAt)).OrderBy(t => t.From))
            {
                if (present.Count > 0 && present[^1].To >= from) present[^1] = present[^1] with { To = to > present[^1].To ? to : present[^1].To };
                else present.Add(new TimeRange(from, to));
            }
            return new CastMember(id, name, number, present, speaking);
        }
    }
}
