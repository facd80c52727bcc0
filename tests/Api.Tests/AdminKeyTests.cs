using Microsoft.Extensions.Options;
using Pipeline.Api.Auth;

namespace Pipeline.Api.Tests;

public sealed class AdminKeyTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("pipeline-keys-");

    public void Dispose() => directory.Delete(recursive: true);

    private PipelineOptions Options => new() { KeysDirectory = Path.Combine(directory.FullName, "keys") };

    private string KeyFile => Path.Combine(directory.FullName, "keys", AdminKey.FileName);

    [Fact]
    public void A_key_that_was_set_is_the_key_and_is_kept_nowhere()
    {
        var told = new StringWriter();
        Assert.Equal("mine", AdminKey.Open(Options with { ApiKey = "mine" }, told));
        Assert.Empty(told.ToString());
        Assert.False(File.Exists(KeyFile));
    }

    [Fact]
    public void A_generated_key_is_kept_for_its_owner_only_and_told_once()
    {
        var first = new StringWriter();
        string key = AdminKey.Open(Options, first);
        Assert.True(key.Length >= 43);
        Assert.Contains(key, first.ToString());
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Options.KeysDirectory));
        }

        var second = new StringWriter();
        Assert.Equal(key, AdminKey.Open(Options, second));
        Assert.Empty(second.ToString());
    }

    [Fact]
    public void Two_nodes_have_two_keys()
    {
        string one = AdminKey.Open(Options, TextWriter.Null);
        Assert.NotEqual(one, AdminKey.Open(new PipelineOptions { KeysDirectory = Path.Combine(directory.FullName, "other") }, TextWriter.Null));
    }

    [Fact]
    public void A_key_that_others_can_read_is_refused()
    {
        if (OperatingSystem.IsWindows()) return;
        AdminKey.Open(Options, TextWriter.Null);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("0600", Assert.Throws<OptionsValidationException>(() => AdminKey.Open(Options, TextWriter.Null)).Message);
    }

    [Fact]
    public void An_empty_key_is_refused()
    {
        AdminKey.Open(Options, TextWriter.Null);
        File.WriteAllText(KeyFile, "\n");
        Assert.Contains("empty", Assert.Throws<OptionsValidationException>(() => AdminKey.Open(Options, TextWriter.Null)).Message);
    }
}
