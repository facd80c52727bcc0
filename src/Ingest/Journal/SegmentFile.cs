using System.Security.Cryptography;

namespace Pipeline.Ingest.Journal;

/// <summary>One segment being written, and its key beside it.</summary>
internal sealed class SegmentFile : IDisposable
{
    private readonly IJournalFiles files;
    private readonly IJournalFile file, keyFile;
    private readonly SegmentCipher cipher;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly string folder;
    private long length;
    private int blocks;
    private bool isNamed;                                                            // key and names are durable; the syncing thread only

    private SegmentFile(IJournalFiles files, string folder, IJournalFile keyFile, IJournalFile file, SegmentCipher cipher, TimeSpan opened) =>
        (this.files, this.folder, this.keyFile, this.file, this.cipher, Opened) = (files, folder, keyFile, file, cipher, opened);

    public TimeSpan Opened { get; }

    public static SegmentFile Create(IJournalFiles files, string folder, Guid meeting, int number, int run, TimeSpan opened, byte[] previousHash, MeetingKeys keys)
    {
        byte[] key = RandomNumberGenerator.GetBytes(32);
        var keyFile = files.Create(Path.Combine(folder, JournalFormat.KeyName(number)));
        SegmentFile? segment = null;
        try
        {
            keyFile.Write(keys.WrapSegmentKey(key, number), 0);
            var file = files.Create(Path.Combine(folder, JournalFormat.SegmentName(number)));
            segment = new SegmentFile(files, folder, keyFile, file, new SegmentCipher(key), opened);
            Span<byte> header = stackalloc byte[JournalFormat.SegmentHeaderLength];
            JournalFormat.WriteSegmentHeader(header, meeting, number, run, opened, previousHash);
            segment.Write(header);
            return segment;
        }
        catch
        {
            keyFile.Dispose();
            segment?.Dispose();
            throw;
        }
    }

    public void Append(ReadOnlySpan<byte> records, Span<byte> block)
    {
        JournalFormat.WriteBlockHeader(block, records.Length + JournalFormat.TagLength, blocks);
        cipher.Seal(records, block, blocks);
        Write(block);
        blocks++;
    }

    /// <summary>Makes what was appended durable, and its key. Of a segment that is closed, too. The disk's syncing thread.</summary>
    public void Sync()
    {
        try
        {
            file.Sync();
            if (isNamed) return;
            keyFile.Sync();
        }
        catch (ObjectDisposedException)
        {
            files.SyncAll(folder);                                                   // closed meanwhile by the writing thread
            return;
        }
        files.SyncFolder(folder);
        isNamed = true;
    }

    /// <returns>SHA-256 of the whole file.</returns>
    public byte[] Close()
    {
        Dispose();
        byte[] digest = hash.GetHashAndReset();
        hash.Dispose();
        return digest;
    }

    public void Dispose()
    {
        file.Dispose();
        keyFile.Dispose();
        cipher.Dispose();
    }

    /// <summary>Nothing counts as written before all of it is: after a failure the same bytes go to the same place.</summary>
    private void Write(ReadOnlySpan<byte> bytes)
    {
        file.Write(bytes, length);
        hash.AppendData(bytes);
        length += bytes.Length;
    }
}
