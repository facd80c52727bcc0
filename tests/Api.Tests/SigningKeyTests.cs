using Microsoft.Extensions.Options;
using Pipeline.Api.Auth;

namespace Pipeline.Api.Tests;

public sealed class SigningKeyTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private PipelineOptions Options => new() { KeysDirectory = folder["keys"] };

    private string KeyFile => Path.Combine(folder["keys"], SigningKey.FileName);

    [Fact]
    public void It_is_made_once_and_kept_for_its_owner_only()
    {
        var made = SigningKey.Open(Options);
        Assert.Equal(32, made.Bits.Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        Assert.Equal(made.Bits, SigningKey.Open(Options).Bits);
        Assert.NotEqual(made.Bits, SigningKey.Open(Options with { KeysDirectory = folder["other"] }).Bits);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("not hexadecimal, however long it is; sixty-four characters of it....")]
    [InlineData("000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f00")]
    public void A_file_that_holds_no_key_is_refused(string content)
    {
        SigningKey.Open(Options);
        File.WriteAllText(KeyFile, content);
        Assert.Contains(KeyFile, Assert.Throws<OptionsValidationException>(() => SigningKey.Open(Options)).Message);
    }

    [Fact]
    public void A_key_that_others_can_read_is_refused()
    {
        SigningKey.Open(Options);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains("0600", Assert.Throws<OptionsValidationException>(() => SigningKey.Open(Options)).Message);
    }
}
