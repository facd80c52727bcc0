using System.Security.Cryptography;
using Pipeline.Transcribe.Minutes;

namespace Pipeline.Api.Minutes;

/// <summary>
/// Makes minutes when they are asked for, and keeps the last ones. What they were made from is their key, so a transcript that
/// changed has new minutes at once. Called from any thread.
/// </summary>
/// <param name="build">Pure; may take a second for a long meeting.</param>
internal sealed class MinutesOnDemand(MinutesMetrics metrics, Func<MinutesSource, MeetingMinutes> build) : IDisposable
{
    /// <summary>A page that shows a meeting asks a few times; an hour's minutes are some 20 KB.</summary>
    private const int MaxKept = 64;
    /// <summary>At a second each, who comes last waits a quarter of a minute; more are sent away.</summary>
    private const int MaxMaking = 16;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim oneAtATime = new(1);   // meetings that are being recorded need the machine more
    private long asked;

    /// <summary>The same minutes for the same source, made once, however many ask.</summary>
    /// <returns>Null where too many are being made already.</returns>
    public async Task<MeetingMinutes?> OfAsync(MinutesSource source, CancellationToken ct)
    {
        Task<MeetingMinutes> minutes;
        string key = KeyOf(source);
        lock (gate)
        {
            if (!entries.TryGetValue(key, out var entry))
            {
                if (entries.Values.Count(other => !other.Minutes.IsCompleted) >= MaxMaking)
                {
                    metrics.Refused();
                    return null;
                }
                if (entries.Count >= MaxKept) entries.Remove(Oldest());
                entries.Add(key, entry = new Entry(Task.Run(() => MakeAsync(key, source), CancellationToken.None)));
            }
            entry.LastAsked = ++asked;
            minutes = entry.Minutes;
        }
        return await minutes.WaitAsync(ct);   // who goes away leaves them to the next who asks
    }

    public void Dispose() => oneAtATime.Dispose();

    private async Task<MeetingMinutes> MakeAsync(string key, MinutesSource source)
    {
        await oneAtATime.WaitAsync();
        try
        {
            long began = metrics.Now;
            var made = build(source);
            metrics.Made(began);
            return made;
        }
        catch
        {
            lock (gate) entries.Remove(key);   // whoever asks again shall not be given an old failure
            throw;
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    /// <summary>Of those that are made: what is being made has somebody waiting.</summary>
    private string Oldest() => entries.Where(entry => entry.Value.Minutes.IsCompleted).MinBy(entry => entry.Value.LastAsked).Key;

    /// <summary>A hash of everything that minutes depend on.</summary>
    private static string KeyOf(MinutesSource source)
    {
        using var hash = SHA256.Create();
        using (var bytes = new BinaryWriter(new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write)))
        {
            bytes.Write(source.StartedAt.UtcTicks);
            bytes.Write(source.TimeZone.Id);
            bytes.Write(source.Duration.Ticks);
            bytes.Write(source.Language);
            bytes.Write(source.Attendees.Count);
            foreach (var attendee in source.Attendees)
            {
                bytes.Write(attendee.Id);
                bytes.Write(attendee.Name);
                bytes.Write(attendee.Talked.Ticks);
            }
            foreach (var statement in source.Statements)
            {
                bytes.Write(statement.Segment);
                bytes.Write(statement.Speaker);
                bytes.Write(statement.Start.Ticks);
                bytes.Write(statement.End.Ticks);
                bytes.Write(statement.Text);
                bytes.Write(statement.Confidence);
            }
        }
        return Convert.ToHexStringLower(hash.Hash!);
    }

    private sealed class Entry(Task<MeetingMinutes> minutes)
    {
        public Task<MeetingMinutes> Minutes => minutes;
        public long LastAsked { get; set; }
    }
}
