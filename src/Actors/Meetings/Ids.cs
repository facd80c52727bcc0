namespace Pipeline.Actors.Meetings;

/// <summary>
/// Ids are UUIDv7 written as a prefix and 26 characters of Crockford's base 32: opaque, unique without asking anybody,
/// and sorting by the time they were made.
/// </summary>
public readonly record struct MeetingId(Guid Value)
{
    public static MeetingId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));
    public static bool TryParse(string? text, out MeetingId id)
    {
        bool ok = SortableId.TryParse("mtg_", text, out var value);
        id = new MeetingId(value);
        return ok;
    }
    public override string ToString() => SortableId.Format("mtg_", Value);
}

/// <inheritdoc cref="MeetingId"/>
public readonly record struct TrackId(Guid Value)
{
    public static TrackId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));
    public static bool TryParse(string? text, out TrackId id)
    {
        bool ok = SortableId.TryParse("trk_", text, out var value);
        id = new TrackId(value);
        return ok;
    }
    public override string ToString() => SortableId.Format("trk_", Value);
}

/// <inheritdoc cref="MeetingId"/>
public readonly record struct RecordingId(Guid Value)
{
    public static RecordingId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));
    public static bool TryParse(string? text, out RecordingId id)
    {
        bool ok = SortableId.TryParse("rec_", text, out var value);
        id = new RecordingId(value);
        return ok;
    }
    public override string ToString() => SortableId.Format("rec_", Value);
}

/// <inheritdoc cref="MeetingId"/>
public readonly record struct SegmentId(Guid Value)
{
    public static SegmentId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));
    public static bool TryParse(string? text, out SegmentId id)
    {
        bool ok = SortableId.TryParse("seg_", text, out var value);
        id = new SegmentId(value);
        return ok;
    }
    public override string ToString() => SortableId.Format("seg_", Value);
}

/// <inheritdoc cref="MeetingId"/>
public readonly record struct KeyId(Guid Value)
{
    public static KeyId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));
    public static bool TryParse(string? text, out KeyId id)
    {
        bool ok = SortableId.TryParse("key_", text, out var value);
        id = new KeyId(value);
        return ok;
    }
    public override string ToString() => SortableId.Format("key_", Value);
}

/// <inheritdoc cref="MeetingId"/>
public readonly record struct JobId(Guid Value)
{
    public static JobId New(DateTimeOffset now) => new(Guid.CreateVersion7(now));
    public static bool TryParse(string? text, out JobId id)
    {
        bool ok = SortableId.TryParse("job_", text, out var value);
        id = new JobId(value);
        return ok;
    }
    public override string ToString() => SortableId.Format("job_", Value);
}

/// <summary>128 bits as Crockford base 32, most significant first, so that text order is value order.</summary>
public static class SortableId
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Digits = 26;   // 26 × 5 = 130 bits; the two leading ones are zero

    public static string Format(string prefix, Guid value)
    {
        var bits = new UInt128(0, 0);
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        foreach (byte b in bytes) bits = (bits << 8) | b;

        Span<char> digits = stackalloc char[Digits];
        for (int i = Digits - 1; i >= 0; i--, bits >>= 5) digits[i] = Alphabet[(int)(bits & 31)];
        return string.Concat(prefix, digits);
    }

    /// <summary>False unless the text is the prefix and 26 digits of at most 128 bits.</summary>
    public static bool TryParse(string prefix, string? text, out Guid value)
    {
        value = default;
        if (text is null || text.Length != prefix.Length + Digits || !text.StartsWith(prefix, StringComparison.Ordinal)) return false;

        var bits = new UInt128(0, 0);
        foreach (char c in text.AsSpan(prefix.Length))
        {
            int digit = Alphabet.IndexOf(c);
            if (digit < 0 || bits >> 123 != 0) return false;
            bits = (bits << 5) | (uint)digit;
        }
        Span<byte> bytes = stackalloc byte[16];
        for (int i = 15; i >= 0; i--, bits >>= 8) bytes[i] = (byte)(bits & 0xFF);
        value = new Guid(bytes, bigEndian: true);
        return true;
    }
}
