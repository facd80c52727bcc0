namespace Pipeline.Api.Tests.Replay;

/// <summary>The files of tests/Fixtures, found from wherever the tests run.</summary>
internal static class Fixtures
{
    private static readonly string Root = Find();

    public static string Capture(string name) => Path.Combine(Root, "captures", name);
    public static string Speech(string name) => Path.Combine(Root, "speech", name);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "tests", "Fixtures") is var found && Directory.Exists(found)) return found;
        throw new DirectoryNotFoundException("tests/Fixtures");
    }
}

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("replay-");

    public string Path => folder.FullName;
    public string File(string name) => System.IO.Path.Combine(Path, name);
    public void Dispose() => folder.Delete(recursive: true);
}
