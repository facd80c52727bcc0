using System.Text;

namespace Pipeline.Ingest.Tests.Journal;

/// <summary>What disks, people and power cuts do to files: drawn from a seed, one to three things to any of them.</summary>
internal sealed class Damage(int seed)
{
    private readonly Random random = new(seed);
    private readonly StringBuilder told = new();

    /// <summary>What was done, for the message of a test that fails.</summary>
    public override string ToString() => $"seed {seed}:{told}";

    /// <param name="files">By name.</param>
    public Dictionary<string, byte[]> Do(IReadOnlyDictionary<string, byte[]> files)
    {
        var damaged = files.ToDictionary(f => f.Key, f => f.Value);
        for (int times = random.Next(1, 4); times > 0 && damaged.Count > 0; times--) DoOnce(damaged);
        return damaged;
    }

    /// <summary>The same to one file's bytes.</summary>
    public byte[] Do(byte[] bytes)
    {
        for (int times = random.Next(1, 4); times > 0; times--) bytes = Bytes(bytes, bytes);
        return bytes;
    }

    private void DoOnce(Dictionary<string, byte[]> files)
    {
        string name = Any(files), other = Any(files);
        told.Append($" [{name}]");
        switch (random.Next(12))
        {
            case 0:
                told.Append(" deleted");
                files.Remove(name);
                break;
            case 1:
                told.Append($" swapped with {other}");
                (files[name], files[other]) = (files[other], files[name]);
                break;
            case 2:
                told.Append($" copied over {other}");
                files[other] = files[name];
                break;
            case 3:
                string stray = new[] { "1.seg", "00000050.seg", "99999999.seg", "00000051.key", "x.key", "-0000001.seg" }[random.Next(6)];
                told.Append($" and a stray {stray}");
                files[stray] = random.Next(2) == 0 ? files[name] : Noise();
                break;
            default:
                files[name] = Bytes(files[name], files[other]);
                break;
        }
    }

    private byte[] Bytes(byte[] file, byte[] other)
    {
        int at = random.Next(file.Length + 1), length = random.Next(Math.Min(400, file.Length - at) + 1);
        told.Append($" at {at}");
        switch (random.Next(8))
        {
            case 0:
                told.Append(" cut off");
                return file[..at];
            case 1:
                told.Append($" {length} removed");
                return [.. file[..at], .. file[(at + length)..]];
            case 2:
                told.Append($" {length} zeroed");
                return [.. file[..at], .. new byte[length], .. file[(at + length)..]];
            case 3:
                told.Append(" noise put in");
                return [.. file[..at], .. Noise(), .. file[at..]];
            case 4:
                int from = random.Next(other.Length + 1), count = random.Next(other.Length - from + 1);
                told.Append($" {count} of a file from {from} put in");
                return [.. file[..at], .. other.AsSpan(from, count), .. file[at..]];
            case 5:
                told.Append(" emptied");
                return [];
            default:
                if (file.Length == 0) return file;
                at = Math.Min(at, file.Length - 1);
                byte[] flipped = [.. file];
                flipped[at] ^= (byte)(1 << random.Next(8));
                told.Append(" a bit flipped");
                return flipped;
        }
    }

    private byte[] Noise()
    {
        var noise = new byte[random.Next(300)];
        random.NextBytes(noise);
        if (noise.Length > 60) "PJB1"u8.CopyTo(noise.AsSpan(random.Next(40)));
        return noise;
    }

    private string Any(Dictionary<string, byte[]> files) => files.Keys.Order(StringComparer.Ordinal).ElementAt(random.Next(files.Count));
}
