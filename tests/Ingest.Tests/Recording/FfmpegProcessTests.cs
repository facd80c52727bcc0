using Pipeline.Ingest.Recording;

namespace Pipeline.Ingest.Tests.Recording;

public sealed class FfmpegProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory(Timeout = 60_000)]
    [InlineData("exec sleep 1000", 1 << 20)]
    [InlineData("exec sleep 1000", 10)]
    [InlineData("exec sleep 1000", 0)]
    [InlineData("kill -STOP $$", 1 << 20)]
    [InlineData("echo half; exec sleep 1000", 0)]
    public async Task A_program_that_is_stuck_or_stopped_is_killed_with_a_sentence(string script, int input)
    {
        using var output = new MemoryStream();
        var outcome = await FfmpegProcess.RunAsync([], input == 0 ? null : new MemoryStream(new byte[input]), output, default, ScriptedProgram.Write(folder, script), Patience);
        Assert.Equal(new EncoderOutcome(false, "ffmpeg did nothing for 1 s"), outcome);
    }

    [Fact(Timeout = 60_000)]
    public async Task One_that_does_its_work_is_left_alone()
    {
        using var output = new MemoryStream();
        var outcome = await FfmpegProcess.RunAsync([], new MemoryStream("all of it"u8.ToArray()), output, default, ScriptedProgram.Write(folder, "exec cat"));
        Assert.Equal((true, "all of it"), (outcome.Succeeded, System.Text.Encoding.UTF8.GetString(output.ToArray())));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_cannot_be_stored_ends_it_and_is_told()
    {
        using var full = new FullStream();
        var failure = await Assert.ThrowsAsync<IOException>(() => FfmpegProcess.RunAsync([], null, full, default, ScriptedProgram.Write(folder, "echo $$; exec sleep 1000")));
        Assert.Equal("no room", failure.Message);
        Assert.False(Directory.Exists($"/proc/{full.Told.Trim()}"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Its_streams_end_with_it()
    {
        var (ffmpeg, _) = FfmpegProcess.TryStart([], ScriptedProgram.Write(folder, "exec sleep 1000"));
        int id = ffmpeg!.Id;
        string[] pipes = [.. Enumerable.Range(0, 3).Select(n => new FileInfo($"/proc/{id}/fd/{n}").LinkTarget!)];
        Assert.Equal(pipes.Order(), Own(pipes).Order());
        await ffmpeg.DisposeAsync();
        Assert.Empty(Own(pipes));
        Assert.False(Directory.Exists($"/proc/{id}"));

        static IEnumerable<string> Own(string[] pipes) => Directory.GetFiles("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget!).Where(pipes.Contains).Distinct();
    }

    private sealed class FullStream : MemoryStream
    {
        public string Told { get; private set; } = "";

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Told += System.Text.Encoding.UTF8.GetString(buffer.Span);
            throw new IOException("no room");
        }
    }
}
