using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace Pipeline.Api.Auth;

/// <summary>The first admin key: the one that was set, else one of our own, kept in the keys directory and told once.</summary>
internal static class AdminKey
{
    public const string FileName = "api-key";

    /// <exception cref="OptionsValidationException">When the kept key is empty or others could read it.</exception>
    public static string Open(PipelineOptions options, TextWriter console)
    {
        if (options.ApiKey is { } set) return set;
        string path = Path.Combine(options.KeysDirectory, FileName);
        return File.Exists(path) ? Read(path) : Generate(options.KeysDirectory, path, console);
    }

    private static string Read(string path)
    {
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
            throw Refused($"The API key in {path} can be read by others: set its mode to 0600, or delete it to get a new one.");
        string key = File.ReadAllText(path).Trim();
        return key.Length > 0 ? key : throw Refused($"The API key in {path} is empty: delete the file to get a new one.");
    }

    private static OptionsValidationException Refused(string sentence) => new("KEYS", typeof(PipelineOptions), [sentence]);

    private static string Generate(string directory, string path, TextWriter console)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(directory);
        else Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        string key = "pk_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new StreamWriter(path, create)) file.WriteLine(key);

        console.WriteLine($"The admin API key, told this once: {key}");
        console.WriteLine($"It is kept in {path}.");
        return key;
    }
}
