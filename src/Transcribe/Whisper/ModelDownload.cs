using System.Security.Cryptography;

namespace Pipeline.Transcribe.Whisper;

/// <summary>Fetches a well-known model once. What is not byte for byte the published file never gets its name.</summary>
internal sealed class ModelDownload(HttpMessageHandler handler)
{
    private const int BufferLength = 1 << 16;

    /// <summary>The file, or one sentence on why there is none.</summary>
    /// <param name="progress">Told the part that is here, 0 … 1, at each whole tenth.</param>
    public async Task<ModelFile> FetchAsync(ModelFile.Fetchable model, Action<double> progress, CancellationToken cancellationToken)
    {
        string partial = $"{model.Destination}.{Guid.NewGuid():N}.part";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(model.Destination)!);
            string hash = await DownloadAsync(model, partial, progress, cancellationToken);
            if (hash != model.Sha256)
                return new ModelFile.Missing($"What {model.Address} sent is not the speech model '{model.Name}' (SHA-256 {hash}); it was thrown away.");

            File.Move(partial, model.Destination, overwrite: true);
            return new ModelFile.Found(model.Destination);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or UnauthorizedAccessException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new ModelFile.Missing(
                $"The speech model '{model.Name}' is not on this machine and could not be fetched ({e.Message}); put it at {model.Destination}, or set PIPELINE_MODEL to a file.");
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private async Task<string> DownloadAsync(ModelFile.Fetchable model, string partial, Action<double> progress, CancellationToken cancellationToken)
    {
        using var client = new HttpClient(handler, disposeHandler: false) { Timeout = TimeSpan.FromSeconds(30) };     // to the headers
        using var response = await client.GetAsync(model.Address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using var file = new FileStream(partial, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[BufferLength];
        long received = 0;
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            long tenth = 10 * received / model.Length;
            received += read;
            if (received > model.Length) throw new IOException("it is longer than the published file");
            hash.AppendData(buffer, 0, read);
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            if (10 * received / model.Length > tenth) progress((double)received / model.Length);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
