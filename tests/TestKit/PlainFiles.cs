using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;

namespace Pipeline.TestKit;

/// <summary>Sealed files as other programs can read them.</summary>
public static class PlainFiles
{
    /// <summary>The same files beside the sealed ones, in a folder named `plain`.</summary>
    public static RenderedMeeting InPlain(this RenderedMeeting made, MeetingKeys keys) =>
        made with { Files = [.. made.Files.Select(file => file with { Path = Plain(file.Path, keys) })] };

    /// <summary>The path of a plain copy.</summary>
    public static string Plain(string path, MeetingKeys keys)
    {
        string folder = Path.Combine(Path.GetDirectoryName(path)!, "plain"), copy = Path.Combine(folder, Path.GetFileName(path));
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(copy, Content(path, keys));
        return copy;
    }

    public static byte[] Content(string path, MeetingKeys keys)
    {
        using var file = SealedFile.OpenWhole(path, keys);
        var content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }
}
