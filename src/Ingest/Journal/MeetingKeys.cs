using System.Security.Cryptography;

namespace Pipeline.Ingest.Journal;

/// <summary>
/// One meeting's key, kept beside its data wrapped by the node's. Everything of the meeting at rest is under it; destroying the file
/// `meeting.key` makes all of it unreadable.
/// </summary>
public sealed class MeetingKeys
{
    /// <summary>In the meeting's folder.</summary>
    public const string FileName = "meeting.key";

    private readonly byte[] segments, decisions, text, streams, files;
    private readonly string meeting;

    private MeetingKeys(Guid meeting, byte[] key)
    {
        Meeting = meeting;
        this.meeting = meeting.ToString("N");
        segments = HKDF.Expand(HashAlgorithmName.SHA256, key, 32, "journal segments"u8.ToArray());
        decisions = HKDF.Expand(HashAlgorithmName.SHA256, key, 32, "decisions"u8.ToArray());
        text = HKDF.Expand(HashAlgorithmName.SHA256, key, 32, "spoken text"u8.ToArray());
        streams = HKDF.Expand(HashAlgorithmName.SHA256, key, 32, "stream keys"u8.ToArray());
        files = HKDF.Expand(HashAlgorithmName.SHA256, key, 32, "files"u8.ToArray());
    }

    /// <summary>Whose they are.</summary>
    internal Guid Meeting { get; }

    /// <summary>Reads the meeting's key, or makes one.</summary>
    /// <param name="folder">The meeting's folder; made if absent.</param>
    /// <exception cref="CryptographicException">The key is under another node's key, or damaged.</exception>
    public static MeetingKeys OpenOrCreate(string folder, Guid meeting, IKeyVault vault)
    {
        if (!File.Exists(Path.Combine(folder, FileName))) Create(DiskFiles.Instance, folder, meeting, vault);
        return Open(folder, meeting, vault);
    }

    /// <summary>Nothing is sealed under a key that a power cut could take.</summary>
    internal static MeetingKeys Create(IJournalFiles files, string folder, Guid meeting, IKeyVault vault)
    {
        byte[] key = RandomNumberGenerator.GetBytes(32);
        files.CreateFolder(folder);
        DurableFile.Write(files, Path.Combine(folder, FileName), vault.Wrap(key, $"meeting {meeting:N}"));
        return new MeetingKeys(meeting, key);
    }

    /// <exception cref="FileNotFoundException">It was destroyed, or never was.</exception>
    /// <inheritdoc cref="OpenOrCreate"/>
    public static MeetingKeys Open(string folder, Guid meeting, IKeyVault vault)
    {
        string path = Path.Combine(folder, FileName);
        byte[] wrapped = File.ReadAllBytes(path);
        try { return new MeetingKeys(meeting, vault.Unwrap(wrapped, $"meeting {meeting:N}")); }
        catch (CryptographicException e)
        {
            throw new CryptographicException($"{path} cannot be opened: another node's key, or another meeting's, is over it, or it is damaged", e);
        }
    }

    internal byte[] WrapSegmentKey(ReadOnlySpan<byte> key, int segment) => KeyWrap.Seal(segments, key, $"segment {meeting} {segment}");
    internal byte[] UnwrapSegmentKey(ReadOnlySpan<byte> wrapped, int segment) => KeyWrap.Open(segments, wrapped, $"segment {meeting} {segment}");

    /// <summary>Seals what was decided; to be disposed.</summary>
    internal AesGcm DecisionCipher() => new(decisions, JournalFormat.TagLength);

    /// <summary>Of one file of the meeting, by the salt in its header.</summary>
    internal byte[] FileKey(ReadOnlySpan<byte> salt)
    {
        var key = new byte[32];
        HKDF.Expand(HashAlgorithmName.SHA256, files, key, salt);
        return key;
    }

    public byte[] SealText(ReadOnlySpan<byte> plain) => KeyWrap.Seal(text, plain, $"text {meeting}");
    /// <exception cref="CryptographicException">Damaged, or of another meeting.</exception>
    public byte[] OpenText(ReadOnlySpan<byte> sealedText) => KeyWrap.Open(text, sealedText, $"text {meeting}");

    /// <summary>What somebody protects a stream to this meeting with.</summary>
    public byte[] SealStreamKey(ReadOnlySpan<byte> key) => KeyWrap.Seal(streams, key, $"stream {meeting}");
    /// <exception cref="CryptographicException">Damaged, or of another meeting.</exception>
    public byte[] OpenStreamKey(ReadOnlySpan<byte> sealedKey) => KeyWrap.Open(streams, sealedKey, $"stream {meeting}");
}
