using Microsoft.Extensions.Options;

namespace Pipeline.Api.Auth;

/// <summary>A secret of the node in a file of its own, which only its owner may read (mode 0600).</summary>
/// <param name="Path">In the keys directory, which is made where there is none (mode 0700).</param>
/// <param name="What">In a sentence: "The API key".</param>
internal sealed record KeyFile(string Path, string What)
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>Null where there is no file.</summary>
    /// <exception cref="OptionsValidationException">When it is empty or others could read it.</exception>
    public string? Read()
    {
        if (!File.Exists(Path)) return null;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(Path) & Others) != 0)
            throw Refused("can be read by others: set its mode to 0600, or delete it to get a new one");
        string secret = File.ReadAllText(Path).Trim();
        return secret.Length > 0 ? secret : throw Refused("is empty: delete the file to get a new one");
    }

    /// <exception cref="IOException">There is one already, or the disk does not take it.</exception>
    public void Create(string secret)
    {
        string directory = System.IO.Path.GetDirectoryName(Path)!;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(directory);
        else Directory.CreateDirectory(directory, Owner | UnixFileMode.UserExecute);

        var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) create.UnixCreateMode = Owner;
        using var file = new StreamWriter(Path, create);
        file.WriteLine(secret);
    }

    public OptionsValidationException Refused(string why) => new("KEYS", typeof(PipelineOptions), [$"{What} in {Path} {why}."]);
}
