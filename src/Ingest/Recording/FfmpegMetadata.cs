using System.Text;

namespace Pipeline.Ingest.Recording;

/// <summary>What is written into a file about it, as a document that `ffmpeg` reads (its format "ffmetadata"): everybody on the machine can read its arguments.</summary>
internal static class FfmpegMetadata
{
    public static byte[] Of(string title, string comment = "") => Encoding.UTF8.GetBytes(Text(title, comment));

    /// <summary>The same, for something to come after it.</summary>
    public static string Text(string title, string comment) => $";FFMETADATA1\n{Line("title", title)}{Line("comment", comment)}";

    /// <summary>Nothing where there is no value.</summary>
    public static string Line(string key, string value)
    {
        if (value.Length == 0) return "";
        var line = new StringBuilder($"{key}=");
        foreach (char c in value.Where(c => c != '\0'))
        {
            if (c is '=' or ';' or '#' or '\\' or '\n') line.Append('\\');
            line.Append(c);
        }
        return line.Append('\n').ToString();
    }
}
