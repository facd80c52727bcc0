using Pipeline.Ingest.Journal;

namespace Pipeline.Ingest.Files;

/// <summary>A sealed file while it is made, beside its place: it gets its name when it is whole. Of one that is disposed before, nothing stays.</summary>
internal sealed class PartFile : IDisposable
{
    /// <summary>What the name of every such file ends with.</summary>
    public const string Ending = ".part";

    private readonly string path;
    private bool isNamed;

    private PartFile(string path, SealedFile content) => (this.path, Content) = (path, content);

    /// <summary>What is written.</summary>
    public SealedFile Content { get; }

    /// <param name="path">Where it is to lie; of what is only needed on the way, it never does.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static PartFile Create(string path, MeetingKeys keys) => new(path, SealedFile.Create(path + Ending, keys));

    /// <summary>Makes it whole, and puts it in its place.</summary>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public void Complete()
    {
        Content.Complete();
        File.Move(path + Ending, path, overwrite: true);
        isNamed = true;
    }

    public void Dispose()
    {
        Content.Dispose();
        if (!isNamed) File.Delete(path + Ending);
    }
}
