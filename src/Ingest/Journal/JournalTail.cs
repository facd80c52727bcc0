using System.Security.Cryptography;

namespace Pipeline.Ingest.Journal;

/// <summary>The end of a journal that another process was writing.</summary>
internal static class JournalTail
{
    /// <summary>Numbers of the segments there are, ascending.</summary>
    public static IReadOnlyList<int> Segments(string folder) =>
        !Directory.Exists(folder) ? [] :
        [.. Directory.EnumerateFiles(folder, "*.seg")
            .Select(path => int.TryParse(Path.GetFileNameWithoutExtension(path), out int number) && Path.GetFileName(path) == JournalFormat.SegmentName(number) ? number : 0)
            .Where(number => number > 0)                                             // "1.seg" is none of ours
            .Order()];

    /// <summary>Cuts the last segment at its last whole block, and tells where the next run goes on.</summary>
    /// <returns>The next segment's number, and the SHA-256 of the last as it now is.</returns>
    public static (int Next, byte[] PreviousHash) Recover(string folder, MeetingKeys keys)
    {
        var segments = Segments(folder);
        if (segments.Count == 0) return (1, new byte[32]);

        int last = segments[^1];
        string path = Path.Combine(folder, JournalFormat.SegmentName(last));
        byte[] file = File.ReadAllBytes(path);
        int whole = WholeLength(file, Path.Combine(folder, JournalFormat.KeyName(last)), last, keys);
        if (whole < file.Length)
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            RandomAccess.SetLength(handle, whole);
            RandomAccess.FlushToDisk(handle);
        }
        return (last + 1, SHA256.HashData(file.AsSpan(0, whole)));
    }

    /// <summary>
    /// Only a tail is cut: from the first block on after which no whole one follows. Damage before a whole block stays for the reader to report.
    /// </summary>
    private static int WholeLength(byte[] file, string keyPath, int segment, MeetingKeys keys)
    {
        // Another segment's file in the place of the last: its blocks are under another key, and nothing of it is a tail.
        bool isHeader = JournalFormat.TryReadSegmentHeader(file, out var header);
        if (isHeader && (header.Number != segment || header.Meeting != keys.Meeting)) return file.Length;
        SegmentCipher cipher;
        try { cipher = new SegmentCipher(keys.UnwrapSegmentKey(File.ReadAllBytes(keyPath), segment)); }
        catch (Exception e) when (e is FileNotFoundException or CryptographicException) { return file.Length; }

        using (cipher)
        {
            int whole = Math.Min(file.Length, JournalFormat.SegmentHeaderLength);
            var plain = new byte[file.Length];
            for (int at = isHeader ? whole : 0; at < file.Length;)
            {
                if (!JournalFormat.TryReadBlockHeader(file.AsSpan(at), out int length, out int index)) { at++; continue; }
                int total = JournalFormat.BlockHeaderLength + length;
                if (at + total > file.Length || !cipher.TryOpen(file.AsSpan(at, total), index, plain.AsSpan(0, length - JournalFormat.TagLength))) { at++; continue; }
                at += total;
                whole = at;
            }
            return whole;
        }
    }
}
