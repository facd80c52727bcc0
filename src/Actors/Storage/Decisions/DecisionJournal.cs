using System.Security.Cryptography;
using System.Threading.Channels;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Storage.Decisions;

/// <summary>
/// The one task that writes to meetings' files of decisions. What waits while the disk syncs shares the next sync, so that many meetings
/// cost no more of them than one.
/// </summary>
internal sealed class DecisionJournal : IAsyncDisposable
{
    private const int MaxGroup = 256;

    /// <summary>Full: the callers wait. What they hold is bounded by their mailboxes.</summary>
    private readonly Channel<Append> queue = Channel.CreateBounded<Append>(new BoundedChannelOptions(1024) { SingleReader = true });
    private readonly Dictionary<MeetingId, DecisionFile> files = [];                 // of meetings that are not over; the task's own
    private readonly string dataFolder;
    private readonly IKeyVault vault;
    private readonly Task running;

    /// <param name="dataFolder">Where the meetings' folders are.</param>
    public DecisionJournal(string dataFolder, IKeyVault vault)
    {
        (this.dataFolder, this.vault) = (dataFolder, vault);
        running = Task.Run(RunAsync);
    }

    /// <summary>Writes the records behind what the meeting's file has.</summary>
    /// <param name="durable">Returns only once they would survive a power cut; else they do with the next that must, or soon.</param>
    /// <param name="isNew">A meeting without a key gets one: nothing was ever written of it.</param>
    /// <param name="isLast">The meeting is over: of it there will be little more.</param>
    /// <returns>False where the meeting's key is gone, or another node's: then nothing of it is written any more.</returns>
    /// <exception cref="IOException">The disk did not take it.</exception>
    /// <exception cref="UnauthorizedAccessException">The same, for want of a right.</exception>
    public async Task<bool> AppendAsync(MeetingId meeting, IReadOnlyList<DecisionRecord> records, bool durable, bool isNew, bool isLast)
    {
        var append = new Append(meeting, [.. records.Select(r => r.ToBytes())], durable, isNew, isLast, new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
        await queue.Writer.WriteAsync(append);
        return await append.Done.Task;
    }

    /// <summary>Writes what waits, then ends.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await running;
    }

    private async Task RunAsync()
    {
        while (await queue.Reader.WaitToReadAsync())
        {
            List<Append> group = [];
            var toSync = new Dictionary<MeetingId, DecisionFile>();
            while (group.Count < MaxGroup && queue.Reader.TryRead(out var append))
            {
                group.Add(append);
                Write(append, toSync);
            }
            try
            {
                if (toSync.Count > 0) DecisionFile.Sync(toSync.Values, dataFolder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                foreach (var append in group.Where(a => a.Durable)) append.Failure ??= e;
            }
            foreach (var append in group)
            {
                if (append.IsLast || append.Failure is not null) files.Remove(append.Meeting);   // looked at anew before the next
                append.Answer();
            }
        }
    }

    private void Write(Append append, Dictionary<MeetingId, DecisionFile> toSync)
    {
        try
        {
            if (Open(append) is not { } file) return;
            foreach (byte[] record in append.Records) file.Append(record);
            if (append.Durable) toSync[append.Meeting] = file;
            append.Written = true;
        }
        catch (Exception e)   // the caller hears it; the others have their own chance
        {
            append.Failure = e;
            files.Remove(append.Meeting);
        }
    }

    private DecisionFile? Open(Append append)
    {
        var folder = new MeetingFolder(dataFolder, append.Meeting);
        if (!File.Exists(folder.Key))
        {
            files.Remove(append.Meeting);
            if (!append.IsNew) return null;
        }
        if (files.TryGetValue(append.Meeting, out var known)) return known;

        MeetingKeys keys;
        try { keys = append.IsNew ? folder.OpenOrCreateKeys(vault) : folder.OpenKeys(vault); }
        catch (Exception e) when (e is CryptographicException or FileNotFoundException or DirectoryNotFoundException) { return null; }
        Directory.CreateDirectory(folder.Journal);
        return files[append.Meeting] = DecisionFile.Open(folder.Decisions, keys);
    }

    private sealed record Append(
        MeetingId Meeting, IReadOnlyList<byte[]> Records, bool Durable, bool IsNew, bool IsLast, TaskCompletionSource<bool> Done)
    {
        public Exception? Failure { get; set; }
        public bool Written { get; set; }

        public void Answer()
        {
            if (Failure is null) Done.SetResult(Written);
            else Done.SetException(Failure);
        }
    }
}
