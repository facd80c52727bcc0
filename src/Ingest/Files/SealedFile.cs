using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Pipeline.Ingest.Journal;

namespace Pipeline.Ingest.Files;

/// <summary>
/// A file that is readable only with its meeting's key: chunks of 64 KiB under AES-256-GCM, each opened by itself, so that any place can be
/// read, and written again. A chunk that was changed, moved or cut off is told, never read. One that is written becomes whole by
/// <see cref="Complete"/>; until then it can be read up to what was flushed, also after a crash. Not thread-safe.
/// </summary>
[SuppressMessage("Naming", "CA1710", Justification = "What it is to its users is a file.")]
public sealed class SealedFile : Stream
{
    private readonly SafeFileHandle file;
    private readonly AesGcm aes;
    private readonly bool writable;
    private readonly byte[] content = new byte[SealedFormat.ChunkLength];             // of the chunk that is held
    private readonly byte[] sealedChunk = new byte[SealedFormat.SealedChunkLength];
    private long held = -1, position, length;                                         // held: index of that chunk, -1 for none
    private bool changed, disposed, isTorn;

    private SealedFile(SafeFileHandle file, byte[] key, bool writable, long length)
    {
        (this.file, this.writable, this.length) = (file, writable, length);
        aes = new AesGcm(key, SealedFormat.TagLength);
    }

    /// <summary>Makes a file (mode 0600), or replaces one.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static SealedFile Create(string path, MeetingKeys keys)
    {
        Span<byte> header = stackalloc byte[SealedFormat.HeaderLength];
        byte[] salt = RandomNumberGenerator.GetBytes(SealedFormat.SaltLength);
        SealedFormat.WriteHeader(header, salt);
        var file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        try
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            RandomAccess.Write(file, header, 0);
            return new SealedFile(file, keys.FileKey(salt), writable: true, 0);
        }
        catch
        {
            file.Dispose();
            File.Delete(path);                                                       // a full disk has room for a name
            throw;
        }
    }

    /// <summary>Opens one to read.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is no sealed file.</exception>
    public static SealedFile Open(string path, MeetingKeys keys)
    {
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            Span<byte> header = stackalloc byte[SealedFormat.HeaderLength];
            int read = RandomAccess.Read(file, header, 0);
            if (!SealedFormat.TryReadHeader(header[..read], out var salt)) throw new InvalidDataException($"{path} is not a sealed file");
            long length = SealedFormat.ContentLength(RandomAccess.GetLength(file), out bool isTorn);
            return new SealedFile(file, keys.FileKey(salt), writable: false, length) { isTorn = isTorn };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The same for what a player gets: only what is whole.</summary>
    /// <exception cref="InvalidDataException">It is no sealed file, damaged at its end, or cut off.</exception>
    /// <inheritdoc cref="Open"/>
    public static SealedFile OpenWhole(string path, MeetingKeys keys)
    {
        var file = Open(path, keys);
        if (file.IsWhole) return file;
        file.Dispose();
        throw new InvalidDataException($"{path} is cut off");
    }

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => writable;
    public override long Length => length;

    /// <summary>Beyond the end only to read nothing there: a file has no holes.</summary>
    public override long Position
    {
        get => position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            position = value;
        }
    }

    /// <summary>True once it was completed: nothing is missing at its end.</summary>
    public bool IsWhole => !writable && !isTorn && Load(LastChunk.Index, LastChunk.Bytes) == Mark.Last;

    /// <exception cref="InvalidDataException">What is there is damaged.</exception>
    public override int Read(Span<byte> buffer)
    {
        int read = 0;
        while (!buffer.IsEmpty && position < length)
        {
            Hold(position / SealedFormat.ChunkLength);
            int at = (int)(position % SealedFormat.ChunkLength);
            int count = (int)Math.Min(Math.Min(SealedFormat.ChunkLength - at, length - position), buffer.Length);
            content.AsSpan(at, count).CopyTo(buffer);
            buffer = buffer[count..];
            position += count;
            read += count;
        }
        return read;
    }

    /// <exception cref="IOException">The disk is full or broken.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!writable) throw new NotSupportedException("the file was opened to read");
        if (position > length) throw new NotSupportedException("a sealed file has no holes");
        while (!buffer.IsEmpty)
        {
            Hold(position / SealedFormat.ChunkLength);
            int at = (int)(position % SealedFormat.ChunkLength);
            int count = Math.Min(SealedFormat.ChunkLength - at, buffer.Length);
            buffer[..count].CopyTo(content.AsSpan(at));
            changed = true;
            buffer = buffer[count..];
            position += count;
            length = Math.Max(length, position);
        }
    }

    /// <summary>Hands what was written to the system: it survives a crash of this process.</summary>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public override void Flush()
    {
        if (changed) Save(isLast: false);
    }

    /// <summary>Makes the file whole; nothing can be written after.</summary>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public void Complete()
    {
        Hold(length == 0 ? 0 : (length - 1) / SealedFormat.ChunkLength);
        Save(isLast: true);
        Dispose();
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => position,
        _ => length,
    };

    public override void SetLength(long value) => throw new NotSupportedException();
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    // The system's cache answers these; what it does not have is a chunk's worth of waiting.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer, offset, count));
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer, offset, count);
        return Task.CompletedTask;
    }

    /// <summary>What was not flushed is not in the file.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !disposed)
        {
            disposed = true;
            file.Dispose();
            aes.Dispose();
        }
        base.Dispose(disposing);
    }

    private enum Mark { Inner, Last, None }

    private (long Index, int Bytes) LastChunk => length == 0 ? (0, 0) : ((length - 1) / SealedFormat.ChunkLength, (int)((length - 1) % SealedFormat.ChunkLength) + 1);

    /// <summary>Has a chunk in memory; one behind the end is empty.</summary>
    private void Hold(long chunk)
    {
        if (held == chunk) return;
        if (changed) Save(isLast: false);
        var (last, bytes) = LastChunk;
        if (length == 0 || chunk > last) held = chunk;
        else if (Load(chunk, chunk == last ? bytes : SealedFormat.ChunkLength) == Mark.None) throw new InvalidDataException($"chunk {chunk} of a sealed file is damaged");
    }

    private Mark Load(long chunk, int bytes)
    {
        held = -1;
        int sealedLength = bytes + SealedFormat.Overhead;
        if (RandomAccess.Read(file, sealedChunk.AsSpan(0, sealedLength), SealedFormat.PlaceOf(chunk)) < sealedLength) return Mark.None;
        bool atEnd = chunk == LastChunk.Index;
        var mark = TryOpen(chunk, bytes, atEnd) ? atEnd ? Mark.Last : Mark.Inner : atEnd && TryOpen(chunk, bytes, isLast: false) ? Mark.Inner : Mark.None;
        if (mark != Mark.None) held = chunk;
        return mark;
    }

    private bool TryOpen(long chunk, int bytes, bool isLast)
    {
        Span<byte> associated = stackalloc byte[SealedFormat.AssociatedLength];
        SealedFormat.WriteAssociated(associated, chunk, isLast);
        try
        {
            var text = sealedChunk.AsSpan(SealedFormat.NonceLength, bytes);
            aes.Decrypt(sealedChunk.AsSpan(0, SealedFormat.NonceLength), text, sealedChunk.AsSpan(SealedFormat.NonceLength + bytes, SealedFormat.TagLength), content.AsSpan(0, bytes), associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    private void Save(bool isLast)
    {
        var (last, lastBytes) = LastChunk;
        int bytes = held == last ? lastBytes : SealedFormat.ChunkLength;
        Span<byte> associated = stackalloc byte[SealedFormat.AssociatedLength];
        SealedFormat.WriteAssociated(associated, held, isLast);
        var nonce = sealedChunk.AsSpan(0, SealedFormat.NonceLength);
        RandomNumberGenerator.Fill(nonce);
        aes.Encrypt(nonce, content.AsSpan(0, bytes), sealedChunk.AsSpan(SealedFormat.NonceLength, bytes), sealedChunk.AsSpan(SealedFormat.NonceLength + bytes, SealedFormat.TagLength), associated);
        RandomAccess.Write(file, sealedChunk.AsSpan(0, bytes + SealedFormat.Overhead), SealedFormat.PlaceOf(held));
        changed = false;
    }
}
