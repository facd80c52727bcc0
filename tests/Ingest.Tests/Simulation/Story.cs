using Pipeline.Ingest.Tests.Jitter;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Simulation;

/// <summary>A sound at a known time.</summary>
/// <param name="At">When it begins, by the meeting's clock.</param>
/// <param name="Packets">Those that carry it.</param>
internal sealed record Chirp(TimeSpan At, IReadOnlyList<SentPacket> Packets);

/// <summary>
/// What one participant's sender and network do in a meeting, act by act, and an account of it: the oracle. A chirp a second is said where
/// somebody talks, over a hum.
/// </summary>
internal sealed class Story
{
    public const int LoopPackets = 50, ChirpPacket = 10, ChirpSample = 331;
    private static readonly List<byte[]> Loop = MakeLoop();
    /// <summary>Long enough that no packet comes after those of the next line of sequence numbers: whose it was nobody could tell.</summary>
    private static readonly TimeSpan NoneOvertakes = Ms(100);
    private static readonly byte[] Comfort = [Loop[0][0]];

    private readonly List<string> acts = [];
    private uint ssrc = 0x1000;
    private SimulatedSender sender;
    private int at;                                                                  // in the loop
    private readonly List<int> frames = [];                                          // of the loop's, the first in each packet sent; -1: none

    public Story(int seed, double driftPpm = 0, bool wraps = false)
    {
        (Random, DriftPpm) = (new Random(seed), driftPpm);
        sender = wraps ? Sender(65_500, 4_294_967_296 - 40 * 960) : Sender(Random.Next(65536), Random.NextInt64(1L << 32));
        sender.Now = Ms(100 + Random.Next(900));
    }

    public Random Random { get; }
    public double DriftPpm { get; }
    public TimeSpan Now => sender.Now;
    public List<SentPacket> Sent { get; } = [];
    /// <summary>Never came.</summary>
    public HashSet<SentPacket> Lost { get; } = [];
    /// <summary>Came and could not be believed: the first of a sequence that began anew, a timestamp that cannot be.</summary>
    public HashSet<SentPacket> Odd { get; } = [];
    /// <summary>Spans in which nothing arrived, and what had been sent came at their end.</summary>
    public List<(TimeSpan From, TimeSpan To)> Holds { get; } = [];
    /// <summary>Where nobody spoke and hardly a packet was sent.</summary>
    public List<(TimeSpan From, TimeSpan To)> Silences { get; } = [];
    /// <summary>When the media clock had stood, and for how long.</summary>
    public List<(TimeSpan Until, TimeSpan Length)> Stalls { get; } = [];
    /// <summary>What was not sent, of silence, where media time went on.</summary>
    public TimeSpan Dtx { get; private set; }
    /// <summary>The first few of a sequence that began anew: were they overtaken, more than one of them could not be believed.</summary>
    public HashSet<SentPacket> Delicate { get; } = [];
    /// <summary>Sequence numbers that were left out and no packet had.</summary>
    public int Skipped { get; private set; }
    public uint Ssrc => ssrc;
    public long Timestamp => sender.Timestamp;
    /// <summary>What happened and when, in seconds, for whoever reads of a failure.</summary>
    public string Acts => string.Join(", ", acts);

    public void Talk(TimeSpan length)
    {
        for (var until = Now + length; Now < until;) Say(1);
    }

    /// <summary>Talks, and loses each packet with this probability.</summary>
    public void TalkOver(TimeSpan length, double loss)
    {
        Note("loss");
        int first = Sent.Count;
        Talk(length);
        foreach (var packet in Sent.Skip(first + 1))
            if (Random.NextDouble() < loss) Lost.Add(packet);
        Say(1);                                                                      // and this one shows where the last hole ends
    }

    /// <summary>Loses bursts of 40–400 ms, after Gilbert: a good and a bad state.</summary>
    public void TalkOverBursts(TimeSpan length)
    {
        Note("bursts");
        int first = Sent.Count;
        Talk(length);
        for (int i = first + 1 + Random.Next(25); i < Sent.Count; i += 20 + Random.Next(80))
            for (int until = Math.Min(i + Random.Next(2, 21), Sent.Count); i < until; i++) Lost.Add(Sent[i]);
        Say(1);
    }

    /// <summary>Frames of 20 to 120 ms mixed, and of 2.5 to 10 ms where nothing is said.</summary>
    public void TalkInFramesOfEveryLength(TimeSpan length)
    {
        Note("lengths");
        for (var until = Now + length; Now < until;)
        {
            if (at is > ChirpPacket + 5 or < ChirpPacket - 8 && Random.Next(3) == 0)
            {
                int[] shorter = [120, 240, 480];
                int duration = shorter[Random.Next(3)];
                Keep(sender.Send(duration, [(byte)(0xE0 + 8 * (duration / 240))]));
            }
            else Say(new[] { 1, 2, 3, 6 }[Random.Next(4)]);
        }
        Say(1);
    }

    /// <summary>As browsers do with DTX: one octet, then nothing for 400 ms, and so on.</summary>
    public void FallSilent(int comforts, double loss = 0)
    {
        Note("silence");
        var from = Now;
        for (int n = 0; n < comforts; n++)
        {
            var comfort = Keep(sender.Send(payload: Comfort));
            Wait(Ms(380));
            if (Random.NextDouble() < loss) Lost.Add(comfort);
        }
        Silences.Add((from, Now));
        Say(1);
    }

    /// <summary>Not one packet, while media time goes on.</summary>
    public void Mute(TimeSpan length)
    {
        Note("mute");
        Silences.Add((Now, Now + length));
        Wait(length);
        Say(1);
    }

    /// <summary>Time goes by and the media clock stands: a microphone that stalls, a browser that freezes, a sender without a track.</summary>
    public void Stall(TimeSpan length)
    {
        Note("stall");
        sender.Stall(length);
        Stalls.Add((Now, length));
    }

    /// <summary>Nothing of what is sent arrives.</summary>
    public void LoseAll(TimeSpan length)
    {
        Note("outage");
        int first = Sent.Count;
        Talk(length);
        Lost.UnionWith(Sent.Skip(first));
        Say(1);
    }

    /// <summary>The network keeps what is sent and gives it all at once.</summary>
    public void HoldBack(TimeSpan length)
    {
        Note("hold");
        Holds.Add((Now, Now + length));
        Talk(length);
    }

    /// <summary>Another SSRC takes over, maybe in mid-word.</summary>
    public void ChangeSsrc(TimeSpan after)
    {
        Note("SSRC");
        ssrc++;
        Anew(after);
    }

    /// <summary>The sender begins anew under its SSRC, with any sequence number and any timestamp.</summary>
    public void BeginAnew(TimeSpan after)
    {
        Note("restart");
        sender.Stall(NoneOvertakes);
        int first = Sent.Count;
        Anew(after);
        Say(1);
        BeginsAt(first);
    }

    /// <summary>Sequence numbers jump, timestamps do not.</summary>
    public void JumpSequence(int by)
    {
        Note("sequence");
        if (by < 0) sender.Stall(NoneOvertakes);
        var now = sender.Now;
        sender = Sender(sender.Sequence + by, sender.Timestamp);
        sender.Now = now;
        int first = Sent.Count;
        Say(1);
        if (by > 0) Skipped += by;
        else BeginsAt(first);
    }

    /// <summary>Timestamps jump, sequence numbers do not.</summary>
    public void JumpTimestamp(long by)
    {
        Note("timestamp");
        sender.JumpTimestamp(by);
    }

    /// <summary>One packet says a time that cannot be.</summary>
    public void Bomb(long by)
    {
        Note("bomb");
        Odd.Add(Keep(sender.Send(payload: Next(), timestampBomb: by)));
    }

    private void Anew(TimeSpan after)
    {
        var now = sender.Now + after;
        sender = Sender(Random.Next(65536), Random.NextInt64(1L << 32));
        sender.Now = now;
        int first = Sent.Count;
        Say(1);
    }

    private void BeginsAt(int packet)
    {
        Say(3);
        Odd.Add(Sent[packet]);
        Delicate.UnionWith(Sent.Skip(packet));
    }

    private SimulatedSender Sender(long sequence, long timestamp) => new(ssrc, sequence, timestamp) { DriftPpm = DriftPpm };

    private void Wait(TimeSpan length)
    {
        long before = sender.Timestamp;
        sender.Pause(length);
        Dtx += TimeSpan.FromSeconds((sender.Timestamp - before) / 48000.0);
    }

    /// <summary>The chirps that were sent whole, in packets that follow each other.</summary>
    public IEnumerable<Chirp> Chirps()
    {
        const int Carried = 3;                                                       // frames after the first one, the encoder's delay included
        for (int i = 0; i < Sent.Count; i++)
        {
            int into = ChirpPacket - frames[i], last = i;
            if (frames[i] < 0 || into < 0 || into >= Frames(i)) continue;
            while (last + 1 < Sent.Count && frames[last] + Frames(last) <= ChirpPacket + Carried && GoesOn(last)) last++;
            if (frames[last] + Frames(last) > ChirpPacket + Carried)
                yield return new Chirp(Sent[i].At + into * Ms(20) + TimeSpan.FromSeconds(ChirpSample / 48000.0), Sent[i..(last + 1)]);
        }
    }

    /// <summary>Runs of packets that never came: from where to where they were, and how far from there the gap may lie, as beside silence nobody can know.</summary>
    public List<(TimeSpan From, TimeSpan To, TimeSpan Earliest, TimeSpan Latest)> Holes()
    {
        var holes = new List<(TimeSpan, TimeSpan, TimeSpan, TimeSpan)>();
        for (int i = 1; i < Sent.Count; i++)
        {
            if (!Lost.Contains(Sent[i])) continue;
            int end = i;
            var lost = TimeSpan.Zero;
            for (; Lost.Contains(Sent[end]); end++) lost += Ms(Sent[end].Duration / 48.0);
            var (from, to) = (Sent[i].At, Sent[end - 1].At + Ms(Sent[end - 1].Duration / 48.0));
            bool silent = Silences.Any(s => s.From <= to && s.To >= from);
            holes.Add(silent ? (from, from + lost, Sent[i - 1].At, Sent[end].At) : (from, to, from, to));
            i = end;
        }
        return holes;
    }

    private int Frames(int packet) => Sent[packet].Duration / 960;

    private bool GoesOn(int packet)
    {
        var (one, next) = (Sent[packet], Sent[packet + 1]);
        bool inTime = (next.At - one.At - Ms(one.Duration / 48.0)).Duration() < Ms(1);
        return inTime && next.Ssrc == one.Ssrc && next.Timestamp == one.Timestamp + one.Duration && frames[packet + 1] == frames[packet] + Frames(packet);
    }

    /// <summary>One packet of so many frames of 20 ms, where they can be put together.</summary>
    private void Say(int count)
    {
        for (int n = 0; n < count; n++)
            if (at + n >= LoopPackets || Loop[at + n][0] != Loop[at][0]) count = 1;
        int first = at;
        byte[] payload = count == 1 ? Next() : Joined([.. Enumerable.Range(0, count).Select(_ => Next())]);
        Keep(sender.Send(960 * count, payload), first);
    }

    private byte[] Next()
    {
        byte[] next = Loop[at];
        at = (at + 1) % LoopPackets;
        return next;
    }

    private SentPacket Keep(SentPacket packet, int frame = -1)
    {
        sender.Sent.Clear();
        Sent.Add(packet);
        frames.Add(frame);
        return packet;
    }

    private void Note(string act) => acts.Add($"{act} {Now.TotalSeconds:0.0}");

    /// <summary>Frames of one configuration in one packet, each with its length (RFC 6716 §3.2.5).</summary>
    private static byte[] Joined(byte[][] packets)
    {
        var joined = new List<byte> { (byte)(packets[0][0] | 3), (byte)(0x80 | packets.Length) };
        foreach (byte[] packet in packets[..^1])
        {
            int length = packet.Length - 1;
            if (length < 252) joined.Add((byte)length);
            else joined.AddRange([(byte)(252 + (length & 3)), (byte)((length - (252 + (length & 3))) / 4)]);
        }
        foreach (byte[] packet in packets) joined.AddRange(packet[1..]);
        return [.. joined];
    }

    private static List<byte[]> MakeLoop()
    {
        var pcm = Sound.Chirps(2 * 48000, [ChirpPacket * 960 + ChirpSample, 48000 + ChirpPacket * 960 + ChirpSample], amplitude: 0.4f);
        for (int i = 0; i < pcm.Length; i++) pcm[i] += 0.004f * (float)Math.Sin(2 * Math.PI * 350 * i / 48000);
        return Sound.Encode(pcm)[LoopPackets..];
    }
}
