using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Ingest.Journal;

/// <summary>One segment being written, and its key beside it.</summary>
internal sealed class SegmentFile : IDisposable
{
    private readonly SafeFileHandle file;
    private readonly SegmentCipher cipher;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly string folder, keyPath;
    private long length;
    private int blocks;

    private SegmentFile(SafeFileHandle file, SegmentCipher cipher, string folder, string keyPath, TimeSpan opened) =>
        (this.file, this.cipher, this.folder, this.keyPath, Opened) = (file, cipher, folder, keyPath, opened);

    public TimeSpan Opened { get; }

    public static SegmentFile Create(string folder, Guid meeting, int number, int run, TimeSpan opened, byte[] previousHash, MeetingKeys keys)
    {
        byte[] key = RandomNumberGenerator.GetBytes(32);
        string keyPath = Path.Combine(folder, JournalFormat.KeyName(number));
        File.WriteAllBytes(keyPath, keys.WrapSegmentKey(key, number));
        var file = File.OpenHandle(Path.Combine(folder, JournalFormat.SegmentName(number)), FileMode.Create, FileAccess.Write, FileShare.Read);

        var segment = new SegmentFile(file, new SegmentCipher(key), folder, keyPath, opened);
        Span<byte> header = stackalloc byte[JournalFormat.SegmentHeaderLength];
        JournalFormat.WriteSegmentHeader(header, meeting, number, run, opened, previousHash);
        try { segment.Write(header); }
        catch (IOException)
        {
            segment.Dispose();
            throw;
        }
        return segment;
    }

    public void Append(ReadOnlySpan<byte> records, Span<byte> block)
    {
        JournalFormat.WriteBlockHeader(block, records.Length + JournalFormat.TagLength, blocks);
        cipher.Seal(records, block, blocks);
        Write(block);
        blocks++;
    }

    public void Sync()
    {
        try { RandomAccess.FlushToDisk(file); }
        catch (ObjectDisposedException) { DurableFile.SyncFileSystem(folder); return; }      // closed meanwhile by the writing thread
        using (var key = File.OpenHandle(keyPath)) RandomAccess.FlushToDisk(key);
        DurableFile.SyncFolder(folder);
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
        cipher.Dispose();
    }

    /// <summary>Nothing counts as written before all of it is: after a failure the same bytes go to the same place.</summary>
    private void Write(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(file, bytes, length);
        hash.AppendData(bytes);
        length += bytes.Length;
    }
}
