using Microsoft.Extensions.Options;

namespace Pipeline.Api;

/// <summary>One server at a time works on a data folder: a second one would take up the first one's meetings as if it had crashed.</summary>
internal sealed class DataFolderLock : IDisposable
{
    private const string FileName = "server.lock";
    private readonly FileStream held;

    private DataFolderLock(FileStream held) => this.held = held;

    /// <summary>Held until it is disposed, or the process ends, however it ends.</summary>
    /// <exception cref="OptionsValidationException">Another server holds it.</exception>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public static DataFolderLock Take(string directory)
    {
        Directory.CreateDirectory(directory);
        try
        {
            return new DataFolderLock(new FileStream(Path.Combine(directory, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException taken)
        {
            throw new OptionsValidationException(
                "DATA", typeof(PipelineOptions), [$"PIPELINE_DATA is \"{directory}\": a server is at work on it already. {taken.Message}"]);
        }
    }

    public void Dispose() => held.Dispose();
}
