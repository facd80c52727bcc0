using System.Reflection;

namespace Pipeline.Api.Tests;

/// <summary>The direction of dependencies, read from what was compiled: Api → Actors → { Ingest, Transcribe }, never back.</summary>
public sealed class ArchitectureTests
{
    private static readonly Assembly Ingest = typeof(Pipeline.Ingest.MediaPipeline).Assembly;
    private static readonly Assembly Transcribe = typeof(Pipeline.Transcribe.Captions.CaptionPipeline).Assembly;
    private static readonly Assembly Actors = typeof(Pipeline.Actors.Meetings.IMeetings).Assembly;
    private static readonly Assembly Api = typeof(PipelineHost).Assembly;

    [Fact]
    public void Ingest_and_Transcribe_know_nobody()
    {
        Assert.Empty(Own(Ingest));
        Assert.Empty(Own(Transcribe));
    }

    [Fact]
    public void Actors_know_Ingest_and_Transcribe_only() => Assert.Equal([Ingest.GetName().Name, Transcribe.GetName().Name], Own(Actors).Order());

    [Fact]
    public void Only_the_outside_speaks_HTTP()
    {
        foreach (var assembly in new[] { Ingest, Transcribe, Actors })
            Assert.DoesNotContain(assembly.GetReferencedAssemblies(), r => r.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_the_store_speaks_SQL()
    {
        foreach (var assembly in new[] { Ingest, Transcribe, Api })
            Assert.DoesNotContain(assembly.GetReferencedAssemblies(), r => r.Name!.Contains("Sqlite", StringComparison.OrdinalIgnoreCase) || r.Name.Contains("SQLitePCL", StringComparison.Ordinal));

        var elsewhere = Actors.GetTypes()
            .Where(t => t.Namespace is { } n && !n.StartsWith("Pipeline.Actors.Storage.Embedded", StringComparison.Ordinal))
            .SelectMany(t => t.GetFields(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic).Select(f => (Type: t, Uses: f.FieldType))
                .Concat(t.GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                    .SelectMany(m => m.GetParameters().Select(p => (Type: t, Uses: p.ParameterType)))))
            .Where(u => u.Uses.Namespace is { } n && (n.StartsWith("Microsoft.Data", StringComparison.Ordinal) || n.StartsWith("SQLitePCL", StringComparison.Ordinal)));
        Assert.Empty(elsewhere);
    }

    private static IEnumerable<string?> Own(Assembly assembly)
    {
        string?[] ours = [.. new[] { Ingest, Transcribe, Actors, Api }.Select(a => a.GetName().Name)];
        return assembly.GetReferencedAssemblies().Select(r => r.Name).Where(ours.Contains);
    }
}
