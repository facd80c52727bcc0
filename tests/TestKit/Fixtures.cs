namespace Pipeline.TestKit;

/// <summary>The files of tests/Fixtures, found from wherever the tests run.</summary>
public static class Fixtures
{
    private static readonly string Root = Find();

    public static string Model => Path.Combine(Root, "models", "ggml-meetings-test.en.bin");
    public static string Capture(string name) => Path.Combine(Root, "captures", name);
    public static string Video(string name) => Path.Combine(Root, "video", name);
    public static string Minutes => Path.Combine(Root, "minutes");
    public static string Red(string name) => Path.Combine(Root, "red", name);
    public static string Sdp(string name) => Path.Combine(Root, "sdp", name);
    /// <summary>Of docs/.</summary>
    public static string Document(string name) => Path.Combine(Root, "..", "..", "docs", name);
    public static string Speech(string name) => Path.Combine(Root, "speech", name);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "tests", "Fixtures") is var found && Directory.Exists(found)) return found;
        throw new DirectoryNotFoundException("tests/Fixtures is not above the test.");
    }
}
