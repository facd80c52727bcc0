using System.CommandLine;
using Pipeline.Api.Commands;

namespace Pipeline.Api.Tests.Journal;

public sealed class RebuildCommandTests
{
    [Fact]
    public async Task A_meeting_comes_back_and_what_is_not_known_any_more_is_said()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        var (exit, output, error) = await RunAsync(journal);
        Assert.Equal(("", 1), (error, exit));                                        // it has no decisions: not all is as it was
        Assert.Contains($"{journal.Id}  stopping, 1 tracks, 0 segments, 0 recordings, tenant default", output, StringComparison.Ordinal);
        Assert.Contains("is what its packets tell", output, StringComparison.Ordinal);
        Assert.Contains("1 meetings are in the archive again.", output, StringComparison.Ordinal);
        Assert.Contains("they are lost", output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(journal.Data, "archive.db")));

        (_, output, _) = await RunAsync(journal);
        Assert.Contains("0 API keys were taken over", output, StringComparison.Ordinal);
        Assert.Contains("archive.db.before-rebuild-1", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_refuses_where_a_server_is_at_work_or_nothing_is_there()
    {
        using var journal = new WrittenJournal();
        var (exit, _, error) = await RunAsync(journal, "--keys", journal.File("nowhere"));
        Assert.Equal(1, exit);
        Assert.Contains("There is no node's key", error, StringComparison.Ordinal);

        (exit, _, error) = await RunAsync(journal, "--data", journal.File("nowhere"));
        Assert.Equal(1, exit);
        Assert.Contains("There are no meetings", error, StringComparison.Ordinal);

        await journal.WriteAsync();
        using var held = DataFolderLock.Take(journal.Data);
        (exit, _, error) = await RunAsync(journal);
        Assert.Equal(1, exit);
        Assert.Contains("a server is at work on it", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(journal.Data, "archive.db")));
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(WrittenJournal journal, params string[] other)
    {
        using StringWriter output = new(), error = new();
        string data = other is ["--data", var d] ? d : journal.Data, keys = other is ["--keys", var k] ? k : journal.Keys;
        int exit = await RebuildCommand.Create().Parse(["--data", data, "--keys", keys]).InvokeAsync(new InvocationConfiguration { Output = output, Error = error });
        return (exit, output.ToString(), error.ToString());
    }
}
