using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Journal;

namespace Pipeline.Api.Commands;

/// <summary>A meeting's journal on this machine.</summary>
/// <param name="Folder">The `journal` folder.</param>
/// <param name="Keys">Null where they were not asked for.</param>
internal sealed record JournalPlace(string Folder, Guid Meeting, MeetingKeys? Keys)
{
    /// <param name="meeting">An id, or the path of a meeting's folder, whatever that is called.</param>
    /// <param name="keys">The node's; null: they are not needed.</param>
    /// <param name="refused">One sentence for the person who asked.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static bool TryFind(string meeting, string data, string? keys, [NotNullWhen(true)] out JournalPlace? found, out string refused)
    {
        found = null;
        bool isId = MeetingId.TryParse(meeting, out var id);
        string path = isId ? new MeetingFolder(data, id).Path : Path.GetFullPath(meeting);
        if (isId && !Directory.Exists(path) && Directory.Exists(meeting)) path = Path.GetFullPath(meeting);
        if (!Directory.Exists(path))
        {
            refused = isId
                ? $"There is no meeting {meeting} in {data}: --data or PIPELINE_DATA says where meetings are."
                : $"\"{meeting}\" is neither the id of a meeting nor a folder.";
            return false;
        }
        string folder = Path.Combine(path, "journal");
        if (!Directory.Exists(folder))
        {
            refused = $"There is no journal in {path}.";
            return false;
        }
        if (JournalVerifier.MeetingOf(folder) is not { } named)
        {
            if (!MeetingId.TryParse(Path.GetFileName(Path.TrimEndingDirectorySeparator(path)), out id))
            {
                refused = $"Whose journal {folder} is cannot be told: no segment's header is whole, and the folder is not named by an id.";
                return false;
            }
            named = id.Value;
        }
        // A folder named by an id is that meeting's, whatever lies in it.
        else if (MeetingId.TryParse(Path.GetFileName(Path.TrimEndingDirectorySeparator(path)), out id)) named = id.Value;

        MeetingKeys? opened = null;
        if (keys is not null && !TryOpen(path, named, keys, out opened, out refused)) return false;
        (found, refused) = (new JournalPlace(folder, named, opened), "");
        return true;
    }

    private static bool TryOpen(string path, Guid meeting, string keys, out MeetingKeys? opened, out string refused)
    {
        (opened, refused) = (null, "");
        if (!FileKeyVault.HasKey(keys))                                              // a vault would make one
        {
            refused = $"There is no node's key in {keys}: --keys or PIPELINE_KEYS says where it is; verify --chain-only needs none.";
            return false;
        }
        try
        {
            opened = MeetingKeys.Open(path, meeting, new FileKeyVault(keys));
            return true;
        }
        catch (FileNotFoundException)
        {
            refused = $"The meeting's key, {Path.Combine(path, "meeting.key")}, is not there: if it was destroyed, nothing of the meeting can be read again; verify --chain-only needs none.";
        }
        catch (Exception e) when (e is CryptographicException or InvalidDataException)
        {
            refused = $"{e.Message}.";
        }
        return false;
    }
}
