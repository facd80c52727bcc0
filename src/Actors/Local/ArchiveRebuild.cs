using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Storage.Decisions;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Actors.Storage.Embedded.Search;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;

namespace Pipeline.Actors.Local;

/// <param name="Id">The meeting's, as its folder is called.</param>
/// <param name="Summary">What is known of it, or why nothing is.</param>
/// <param name="IsThere">It is in the archive.</param>
/// <param name="Notes">What is not as it was; empty: all is.</param>
public sealed record RebuiltMeeting(string Id, string Summary, bool IsThere, IReadOnlyList<string> Notes);

/// <param name="Keys">API keys taken over; null: there was no archive that could be read, and they are lost.</param>
/// <param name="Backup">Where the archive lies that there was; null: there was none.</param>
public sealed record RebuildResult(int Meetings, int Lost, int? Keys, string? Backup);

/// <summary>
/// Makes a node's archive anew from its meetings' journals alone, while no server runs. Each meeting is read by itself: one that is
/// broken keeps no other from being read. Recordings that lie whole on the disk stay; the others are made again, under the ids they had.
/// Running it again gives the same.
/// </summary>
/// <param name="searchFolder">Of the search indexes, which follow the archive and are made anew by the next start.</param>
public sealed class ArchiveRebuild(string dataFolder, string searchFolder, IKeyVault vault)
{
    /// <summary>Where a meeting is put of which no journal says whose it is: the tenant there is from the start.</summary>
    private static readonly TenantId FirstTenant = new("default");

    /// <param name="allFiles">Every recording is made again, also those that lie there whole.</param>
    /// <param name="told">Hears of each meeting, in the order they began.</param>
    /// <exception cref="IOException">The archive cannot be written; the one there was is untouched.</exception>
    public async Task<RebuildResult> RunAsync(bool allFiles, Action<RebuiltMeeting> told, CancellationToken ct)
    {
        string archive = Path.Combine(dataFolder, LocalMeetingsServices.ArchiveFile), made = archive + ".new";
        int there = 0, lost = 0;
        int? keys;
        using (var rebuilt = RebuiltArchive.Create(made, new MeetingTextSealer(dataFolder, vault)))
        {
            foreach (var id in Meetings())
            {
                ct.ThrowIfCancellationRequested();
                var result = await OneAsync(id, rebuilt, allFiles, ct);
                told(result);
                if (result.IsThere) there++;
                else lost++;
            }
            try { keys = File.Exists(archive) ? rebuilt.TakeOver(archive) : null; }
            catch (SqliteException) { keys = null; }
            rebuilt.Finish();
        }
        return new RebuildResult(there, lost, keys, Replace(archive, made));
    }

    private IEnumerable<MeetingId> Meetings()
    {
        string meetings = Path.Combine(dataFolder, "meetings");
        string[] folders = Directory.Exists(meetings) ? Directory.GetDirectories(meetings) : [];
        foreach (string path in folders.Order(StringComparer.Ordinal))
            if (MeetingId.TryParse(Path.GetFileName(path), out var id) && Directory.Exists(new MeetingFolder(dataFolder, id).Journal)) yield return id;
    }

    private async Task<RebuiltMeeting> OneAsync(MeetingId id, RebuiltArchive archive, bool allFiles, CancellationToken ct)
    {
        var notes = new List<string>();
        try
        {
            var keys = new MeetingFolder(dataFolder, id).OpenKeys(vault);
            if (Read(id, keys, notes) is not { } history) return new RebuiltMeeting(id.ToString(), "nothing of it can be read", false, notes);
            var asked = new List<RecordingReady>();
            history = await WithFilesAsync(history, keys, allFiles, notes, asked, ct);
            archive.Add(history);
            foreach (var render in asked) archive.Ask(history.Meeting, render, Request(render.File)!);
            return new RebuiltMeeting(id.ToString(), Summary(history), true, notes);
        }
        catch (FileNotFoundException)
        {
            return new RebuiltMeeting(id.ToString(), "its key is gone: if it was destroyed, nothing of it can be read again", false, notes);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or SqliteException)
        {
            return new RebuiltMeeting(id.ToString(), $"it cannot be read: {e.Message}", false, notes);
        }
    }

    private DecisionHistory? Read(MeetingId id, MeetingKeys keys, List<string> notes)
    {
        var folder = new MeetingFolder(dataFolder, id);
        var reader = new DecisionReader(folder.Decisions, keys);
        int unknown = 0;
        var records = new List<DecisionRecord>();
        foreach (byte[] block in reader.Read())
        {
            if (DecisionRecord.TryRead(block, out var record)) records.Add(record);
            else unknown++;
        }
        foreach (var damage in reader.Damage) notes.Add($"decisions, at byte {damage.Offset}: {damage.What}");
        if (unknown > 0) notes.Add($"{unknown} decisions are of a later version, and passed over");
        if (DecisionHistory.Of(records) is { Meeting.IsKnown: true } history && history.Meeting.Id == id)
        {
            if (history.LostCommits > 0) notes.Add($"{history.LostCommits} of {history.Commits.Last().Revision} decisions are lost");
            if (history.LostSegments > 0) notes.Add($"{history.LostSegments} of {history.Meeting.LastSequence} segments are lost, and made again from what was said");
            return history;
        }

        var journal = new JournalReader(folder.Journal, keys);
        var meeting = MeetingOfPackets.Read(id, journal, FirstTenant);
        foreach (var damage in journal.Damage) notes.Add($"segment {damage.Segment}, at byte {damage.Offset}: {damage.What}");
        if (meeting is null) return null;
        notes.Add("what was decided about it is not in its journal: it is what its packets tell, ended where they end, and its files and captions are made by the next start");
        return DecisionHistory.OfPackets(meeting);
    }

    /// <param name="asked">Is given those that somebody had asked for and that are lost.</param>
    private async Task<DecisionHistory> WithFilesAsync(DecisionHistory history, MeetingKeys keys, bool allFiles, List<string> notes, List<RecordingReady> asked, CancellationToken ct)
    {
        var files = new LostFiles(dataFolder, history.Meeting, keys);
        var missing = new List<RecordingReady>();
        var now = new Dictionary<RecordingId, MadeFile>();
        foreach (var ready in history.Recordings)
        {
            if (!await files.IsWholeAsync(ready.File, ct) || (allFiles && history.Meeting.IsOver && CanBeMade(ready.File))) missing.Add(ready);
            now[ready.Id] = ready.File with { Path = files.PathOf(ready.File) };
        }
        if (!history.Meeting.IsOver)                                                 // its files are still to be made, and the lost one with them
        {
            var lost = missing.Select(m => OwnFile.Of(m.File)).ToHashSet();
            return history.With(now, missing.Select(m => m.Id)) with { Meeting = history.Meeting with { Ready = [.. history.Meeting.Ready.Where(f => !lost.Contains(f))] } };
        }
        if (missing.Any(m => CanBeMade(m.File)))
        {
            var (made, failure) = await files.MakeAsync([.. missing.Select(m => m.File)], ct);
            if (failure is not null) notes.Add($"not every recording can be made again: {failure}");
            Note(history, made, now, missing, keys);
        }
        foreach (var gone in missing)
        {
            bool isAsked = Request(gone.File) is not null;
            if (isAsked) asked.Add(gone);
            notes.Add($"recording {gone.Id} ({gone.File.Kind}) is lost{(isAsked ? ", and made again by the next start" : "")}");
        }
        return history.With(now, missing.Select(m => m.Id));
    }

    /// <summary>What was made takes the place of the recording of its kind, in the journal too.</summary>
    private void Note(
        DecisionHistory history, IReadOnlyList<MadeFile> made, Dictionary<RecordingId, MadeFile> now, List<RecordingReady> missing, MeetingKeys keys)
    {
        var journal = DecisionFile.Open(new MeetingFolder(dataFolder, history.Meeting.Id).Decisions, keys);
        foreach (var file in made)
        {
            if (history.Recordings.FirstOrDefault(r => (r.File.Kind, r.File.Track, r.File.ContentType) == (file.Kind, file.Track, file.ContentType) && CanBeMade(r.File)) is not { } ready) continue;
            missing.RemoveAll(m => m.Id == ready.Id);
            if (now[ready.Id] == file) continue;
            now[ready.Id] = file;
            journal.Append(new Remade(ready.Id, file).ToBytes());
        }
        DecisionFile.Sync([journal], dataFolder);
    }

    /// <summary>Whatever is made when a meeting ends.</summary>
    private static bool CanBeMade(MadeFile file) => file is { Render: null, Kind: "mix" or "track" or "waveform" or "thumbnail" };

    /// <summary>What is to be asked for to have such a file again; null: it is not made by asking.</summary>
    private static RenderRequest? Request(MadeFile file) => file switch
    {
        { Render: { } asked } => asked,
        { Kind: "video" } => new RenderRequest(RenderLayout.Grid, null, TimeSpan.Zero, file.Duration, 1280, 720, RenderFormat.Mp4),   // as when the meeting ended
        _ => null,
    };

    private static string Summary(DecisionHistory history)
    {
        var meeting = history.Meeting;
        int segments = history.Commits.SelectMany(c => c.Events).OfType<CaptionFinal>().Count();
        return $"{meeting.Status.ToString().ToLowerInvariant()}, {meeting.Tracks.Count} tracks, {segments} segments, {history.Recordings.Count} recordings, tenant {meeting.Tenant.Value}";
    }

    /// <summary>The new one takes the old one's place in one step; until then that is untouched.</summary>
    /// <returns>Where the old one lies now.</returns>
    private string? Replace(string archive, string made)
    {
        string? backup = null;
        if (File.Exists(archive))
        {
            for (int n = 1; File.Exists(backup = $"{archive}.before-rebuild-{n}"); n++) { }
            File.Copy(archive, backup);
            DurableFile.SyncFileSystem(dataFolder);
            // Under the new archive the old one's log would be taken for its own.
            foreach (string log in new[] { "-wal", "-shm" })
                if (File.Exists(archive + log)) File.Move(archive + log, backup + log, overwrite: true);
        }
        File.Move(made, archive, overwrite: true);
        DurableFile.SyncFolder(dataFolder);
        foreach (string index in Directory.Exists(searchFolder) ? Directory.GetFiles(searchFolder, "*.sqlite") : []) SearchIndex.Delete(index);
        return backup;
    }
}
