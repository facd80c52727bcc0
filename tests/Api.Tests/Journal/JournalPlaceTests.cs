using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Tests.Journal;

public sealed class JournalPlaceTests
{
    [Theory]
    [InlineData("dump")]
    [InlineData("verify")]
    [InlineData("verify", "--chain-only")]
    [InlineData("pcap", "-o", "/dev/null")]
    public void An_unknown_meeting_is_one_clear_sentence(string verb, params string[] more)
    {
        using var journal = new WrittenJournal();
        string unknown = MeetingId.New(WrittenJournal.Noon).ToString();
        Refused(journal.RunOn(unknown, verb, more), $"There is no meeting {unknown} in {journal.Data}");
        Refused(journal.RunOn("no-such-folder", verb, more), "\"no-such-folder\" is neither the id of a meeting nor a folder.");
        Refused(journal.RunOn(journal.Keys, verb, more), "There is no journal in");
    }

    [Theory]
    [InlineData("dump")]
    [InlineData("verify")]
    [InlineData("pcap", "-o", "/dev/null")]
    public async Task Keys_that_are_not_there_or_fit_not_are_one_clear_sentence(string verb, params string[] more)
    {
        using WrittenJournal journal = new(), other = new();
        await journal.WriteAsync();
        string node = Path.Combine(journal.Keys, "node.key");
        byte[] key = File.ReadAllBytes(node);

        File.Copy(Path.Combine(other.Keys, "node.key"), node, overwrite: true);
        Refused(journal.Run(verb, more), "another node's key");
        File.WriteAllText(node, "not a key");
        Refused(journal.Run(verb, more), "is not a key");
        File.Delete(node);
        Refused(journal.Run(verb, more), "There is no node's key in");
        Assert.False(File.Exists(node));                                             // looking makes none
        File.WriteAllBytes(node, key);
        File.Delete(Path.Combine(journal.Path, "meeting.key"));
        Refused(journal.Run(verb, more), "nothing of the meeting can be read again");
    }

    [Fact]
    public async Task A_meetings_folder_is_found_by_its_path_whatever_it_is_called()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        Assert.Equal(0, journal.RunOn(journal.Path, "verify").Exit);
        string elsewhere = journal.File("from the backup");
        Directory.Move(journal.Path, elsewhere);
        Assert.Equal(0, journal.RunOn(elsewhere + "/", "verify").Exit);
        File.WriteAllBytes(Path.Combine(elsewhere, "journal/00000001.seg"), new byte[100]);
        Assert.Equal(1, journal.RunOn(elsewhere, "verify").Exit);
    }

    private static void Refused((int Exit, string Output, string Error) run, string why)
    {
        Assert.Equal(1, run.Exit);
        Assert.Empty(run.Output);
        Assert.Contains(why, Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }
}
