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
        var file = new KeyFile(Path.Combine(options.KeysDirectory, FileName), "The API key");
        if (file.Read() is { } kept) return kept;

        string key = ApiKeys.NewKey();
        file.Create(key);
        console.WriteLine($"The admin API key, told this once: {key}");
        console.WriteLine($"It is kept in {file.Path}.");
        return key;
    }
}
