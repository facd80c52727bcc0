using System.Net;
using System.Security.Cryptography;
using Pipeline.Transcribe.Whisper;

namespace Pipeline.Transcribe.Tests;

public sealed class ModelFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("models-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_path_to_a_model_is_found() =>
        Assert.Equal(Fixtures.Model, Assert.IsType<ModelFile.Found>(ModelFile.Resolve(Fixtures.Model, folder)).Path);

    [Fact]
    public void A_name_is_looked_for_in_the_folder()
    {
        string path = Path.Combine(folder, "ggml-mine.en.bin");
        File.Copy(Fixtures.Model, path);
        Assert.Equal(path, Assert.IsType<ModelFile.Found>(ModelFile.Resolve("mine.en", folder)).Path);
    }

    [Fact]
    public void A_well_known_name_can_be_fetched()
    {
        var model = Assert.IsType<ModelFile.Fetchable>(ModelFile.Resolve("base.en", folder));
        Assert.Equal(Path.Combine(folder, "ggml-base.en.bin"), model.Destination);
    }

    [Fact]
    public void What_is_no_model_is_said_in_one_sentence_that_names_it()
    {
        string text = Path.Combine(folder, "letter.bin");
        File.WriteAllText(text, "Dear model");
        string empty = Path.Combine(folder, "empty.bin");
        File.WriteAllText(empty, "");
        foreach (string path in new[] { text, empty, folder, "/nowhere/model.bin" })
            Assert.Contains(path, Assert.IsType<ModelFile.Missing>(ModelFile.Resolve(path, folder)).Reason, StringComparison.Ordinal);
        Assert.Contains(folder, Assert.IsType<ModelFile.Missing>(ModelFile.Resolve("no-such-name", folder)).Reason, StringComparison.Ordinal);
        Assert.Contains("PIPELINE_MODEL", Assert.IsType<ModelFile.Missing>(ModelFile.Resolve("", folder)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_download_that_is_the_published_file_gets_its_name()
    {
        byte[] content = [.. "lmgg"u8, .. new byte[200_000]];
        var fetchable = Fetchable(content);
        var progress = new List<double>();
        var found = await new ModelDownload(new Answers(content)).FetchAsync(fetchable, progress.Add, CancellationToken.None);
        Assert.Equal(fetchable.Destination, Assert.IsType<ModelFile.Found>(found).Path);
        Assert.Equal(content, await File.ReadAllBytesAsync(fetchable.Destination));
        Assert.Equal(1, progress[^1]);
    }

    [Fact]
    public async Task Any_other_download_leaves_nothing_behind()
    {
        byte[] published = new byte[1000];
        foreach (var handler in new[] { new Answers(new byte[1001]), new Answers([1, .. new byte[999]]), new Answers(null) })
        {
            var fetchable = Fetchable(published);
            var missing = Assert.IsType<ModelFile.Missing>(await new ModelDownload(handler).FetchAsync(fetchable, _ => { }, CancellationToken.None));
            Assert.Contains("'made-up'", missing.Reason, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFiles(folder));
        }
    }

    private ModelFile.Fetchable Fetchable(byte[] content) => new(
        "made-up", new Uri("https://models.invalid/ggml-made-up.bin"), Convert.ToHexStringLower(SHA256.HashData(content)), content.Length,
        Path.Combine(folder, "ggml-made-up.bin"));

    /// <summary>Answers with these bytes; with null there is no network.</summary>
    private sealed class Answers(byte[]? content) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => content is null
            ? throw new HttpRequestException("Name or service not known")
            : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(content) });
    }
}
