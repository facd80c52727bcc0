using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Speech;
using Pipeline.Transcribe.Whisper;

namespace Pipeline.Transcribe.Tests;

/// <summary>The worker process as it is, with the small model; it is stopped, killed and orphaned for real.</summary>
public sealed class WhisperRecognizerTests
{
    private static readonly float[] Speech = SpokenFixtures.Samples("utterance-04.wav");
    private const string Said = "Who is responsible for the release?";

    [Fact]
    public async Task It_says_what_it_recognises_with()
    {
        await using var recognizer = Engine.Start();
        await ReadyAsync(recognizer);
        Assert.StartsWith("whisper.cpp 1.9.1", recognizer.Engine!.Name, StringComparison.Ordinal);
        Assert.Equal("ggml-meetings-test.en.bin", recognizer.Engine.Model);
        Assert.Equal("f5ba3cb38032fe98dca90dba5ce5b1528e1bb511fb92771bcf2307a867be1ce6", recognizer.Engine.Sha256);
    }

    [Fact]
    public async Task The_same_job_gives_the_same_words_whatever_ran_before()
    {
        await using var recognizer = Engine.Start(threads: 1);
        var job = new SpeechJob(Speech, "en");
        var alone = Words(await AskAsync(recognizer, job));
        var random = new Random(1);
        foreach (var other in SpokenFixtures.Utterances().Concat(SpokenFixtures.Utterances().Reverse()))
        {
            float[] speech = SpokenFixtures.Samples(other.File);
            await AskAsync(recognizer, new SpeechJob(speech.AsMemory(0, random.Next(speech.Length / 2, speech.Length)), "en"));
            float[] longer = [.. speech, .. speech, .. speech];           // another audio context
            await AskAsync(recognizer, new SpeechJob(longer, "en"));
            Assert.Equal(alone, Words(await AskAsync(recognizer, job)));
        }

        static IReadOnlyList<SpokenWord> Words(RecognizeOutcome outcome) => Assert.IsType<RecognizeOutcome.Recognized>(outcome).Words;
    }

    [Fact]
    public async Task A_thorough_job_takes_the_whole_window_and_hears_no_less()
    {
        await using var recognizer = Engine.Start();
        int live = 0, thorough = 0;
        foreach (var spoken in SpokenFixtures.Utterances().Take(4))
        {
            var job = new SpeechJob(SpokenFixtures.Samples(spoken.File), "en");
            live += Errors(spoken.Text, await AskAsync(recognizer, job));
            thorough += Errors(spoken.Text, await AskAsync(recognizer, job with { IsThorough = true, IsBackground = true }));
        }
        Assert.True(thorough <= live, $"{thorough} words wrong after a thorough job, {live} after a quick one");

        static int Errors(string said, RecognizeOutcome heard) => WordErrorRate.Of(said, Engine.TextOf(heard)).Errors;
    }

    [Fact]
    public async Task What_is_expected_reaches_the_model_and_is_not_heard_in_silence()
    {
        await using var recognizer = Engine.Start();
        var job = new SpeechJob(Speech, "en") { Prompt = "Kubernetes, Terraform, Laura, Kevin, Martin." };
        var heard = Assert.IsType<RecognizeOutcome.Recognized>(await AskAsync(recognizer, job));
        Assert.Equal(0, WordErrorRate.Of(Said, Engine.TextOf(heard)).Errors);
        var without = Assert.IsType<RecognizeOutcome.Recognized>(await AskAsync(recognizer, job with { Prompt = null }));
        Assert.NotEqual(without.Words.Select(word => word.Confidence), heard.Words.Select(word => word.Confidence));
        Assert.Equal("", Engine.TextOf(await AskAsync(recognizer, job with { Samples = new float[5 * SpeechJob.SampleRate] })));
    }

    [Fact]
    public async Task Silence_and_the_shortest_sounds_are_no_words()
    {
        await using var recognizer = Engine.Start();
        foreach (int length in new[] { 0, 1, 320, 16_000, SpeechJob.MaxSamples })
            Assert.Equal("", Engine.TextOf(await AskAsync(recognizer, new SpeechJob(new float[length], "en"))));
    }

    [Fact]
    public async Task A_language_nobody_knows_fails_the_job_and_not_the_worker()
    {
        await using var recognizer = Engine.Start();
        var failed = Assert.IsType<RecognizeOutcome.Failed>(await AskAsync(recognizer, new SpeechJob(Speech, "xx")));
        Assert.False(failed.CanRetry);
        Assert.Contains("'xx'", failed.Reason, StringComparison.Ordinal);
        Assert.Equal(0, WordErrorRate.Of(Said, Engine.TextOf(await AskAsync(recognizer, new SpeechJob(Speech, "en-GB")))).Errors);
    }

    [Fact]
    public async Task A_worker_that_is_killed_in_mid_job_is_replaced_and_the_job_is_answered()
    {
        using var meters = new TestMeters();
        await using var recognizer = Engine.Start(meters);
        await ReadyAsync(recognizer);
        var asked = meters.Reaches("pipeline.speech.asked", 1);
        var askedAgain = meters.Reaches("pipeline.speech.asked_again", 1);
        int worker = recognizer.WorkerProcessId!.Value;
        Signal(worker, "STOP");                                       // so the answer cannot come first
        var answer = AskAsync(recognizer, new SpeechJob(Speech, "en"));
        await asked;
        Signal(worker, "KILL");

        Assert.Equal(0, WordErrorRate.Of(Said, Engine.TextOf(await answer)).Errors);
        await askedAgain.WaitAsync(Engine.Patience);
        Assert.NotEqual(worker, recognizer.WorkerProcessId);
    }

    [Fact]
    public async Task Workers_that_are_killed_again_and_again_answer_every_job_once()
    {
        using var meters = new TestMeters();
        await using var recognizer = Engine.Start(meters);
        var utterances = SpokenFixtures.Utterances().Take(2).ToList();
        for (int round = 0; round < 3; round++)
        {
            await ReadyAsync(recognizer);
            var next = meters.Reaches("pipeline.speech.worker_starts", 1);
            int killed = recognizer.WorkerProcessId!.Value;
            var published = new ConcurrentQueue<Caption>();
            await using var captions = Engine.Captions(recognizer, published.Enqueue, new CaptionOptions { IsLate = true });
            for (int n = 0; n < utterances.Count; n++)
            {
                captions.AddTrack(n);
                await captions.FeedAsync(n, SpokenFixtures.Samples(utterances[n].File));
            }
            Signal(killed, "KILL");                                              // with whatever it is at
            Assert.True(await captions.FinishAsync(Engine.Patience));
            for (int n = 0; n < utterances.Count; n++)
                Assert.InRange(WordErrorRate.Of(utterances[n].Text, string.Join(' ', published.Where(c => c.Track == n).OrderBy(c => c.Start).Select(c => c.Text))).Rate, 0, 0.2);
            Assert.Equal(published.Count, published.Select(c => c.Segment).Distinct().Count());
            await next.WaitAsync(Engine.Patience);
        }
    }

    [Fact]
    public async Task A_worker_that_gets_no_more_memory_is_replaced_and_the_job_is_answered()
    {
        using var meters = new TestMeters();
        await using var recognizer = Engine.Start(meters, threads: 1);
        await ReadyAsync(recognizer);
        int worker = recognizer.WorkerProcessId!.Value;
        var again = meters.Reaches("pipeline.speech.worker_starts", 1);
        using (var limit = Process.Start("prlimit", ["--pid", $"{worker}", "--as=1048576"])) await limit.WaitForExitAsync();

        float[] longest = [.. SpokenFixtures.Samples(SpokenFixtures.ReleaseReview()[0].File).AsSpan(0, SpeechJob.MaxSamples)];
        Assert.NotEqual("", Engine.TextOf(await AskAsync(recognizer, new SpeechJob(longest, "en"))));      // more than it has used so far
        await again.WaitAsync(Engine.Patience);
        Assert.NotEqual(worker, recognizer.WorkerProcessId);
    }

    [Fact]
    public async Task A_job_that_kills_two_workers_is_given_up_and_the_next_is_answered()
    {
        using var meters = new TestMeters();
        await using var recognizer = Engine.Start(meters);
        await ReadyAsync(recognizer);
        var first = meters.Reaches("pipeline.speech.asked", 1);
        var second = meters.Reaches("pipeline.speech.asked", 2);
        // The worker of the second attempt is stopped before it can be asked: as soon as it is ready, on the supervisor's own thread.
        recognizer.StatusChanged += status =>
        {
            if (status is RecognizerStatus.Ready && !second.IsCompleted) Signal(recognizer.WorkerProcessId!.Value, "STOP");
        };
        Signal(recognizer.WorkerProcessId!.Value, "STOP");
        var poison = AskAsync(recognizer, new SpeechJob(Speech, "en"));
        await first;
        Signal(recognizer.WorkerProcessId!.Value, "KILL");
        await second.WaitAsync(Engine.Patience);
        Signal(recognizer.WorkerProcessId!.Value, "KILL");

        Assert.Contains("twice", Assert.IsType<RecognizeOutcome.Failed>(await poison).Reason, StringComparison.Ordinal);
        Assert.Equal(0, WordErrorRate.Of(Said, Engine.TextOf(await AskAsync(recognizer, new SpeechJob(Speech, "en")))).Errors);
    }

    [Fact]
    public async Task A_worker_ends_when_its_server_is_gone_even_while_it_works()
    {
        Assert.True(File.Exists(LibWhisper.LibraryPath()), "The speech engine is not there: run `make setup`.");
        string path = Path.Combine(Directory.CreateTempSubdirectory("w-").FullName, "s");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        using var worker = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList = { "exec", typeof(Worker).Assembly.Location, "--socket", path, "--model", Fixtures.Model, "--threads", "1" },
        })!;
        using (var stream = new NetworkStream(await listener.AcceptAsync(), ownsSocket: true))
        {
            Assert.IsType<WorkerMessage.Ready>(await WorkerProtocol.ReadAsync(stream, CancellationToken.None));
            for (int id = 0; id < 20; id++)
                await stream.WriteAsync(WorkerProtocol.Encode(new WorkerMessage.Job(id, new DecodeTask("en", null, Translate: false, IsThorough: false), Sounds.EndlessTalk(9, seed: id))));
        }
        await worker.WaitForExitAsync().WaitAsync(Engine.Patience);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public async Task The_worker_has_a_session_of_its_own_and_goes_with_its_recognizer()
    {
        int worker;
        await using (var recognizer = Engine.Start())
        {
            await ReadyAsync(recognizer);
            worker = recognizer.WorkerProcessId!.Value;
            string[] stat = (await File.ReadAllTextAsync($"/proc/{worker}/stat")).Split(") ")[1].Split(' ');
            Assert.Equal(worker.ToString(), stat[3]);                  // session
            Assert.Equal("10", stat[16]);                              // nice
        }
        Assert.False(Directory.Exists($"/proc/{worker}"));
    }

    [Fact]
    public async Task A_file_that_is_no_model_makes_it_unavailable_with_one_clear_sentence()
    {
        string folder = Directory.CreateTempSubdirectory("models-").FullName;
        string text = Path.Combine(folder, "letter.bin"), torn = Path.Combine(folder, "torn.bin");
        await File.WriteAllTextAsync(text, "Dear model");
        await File.WriteAllBytesAsync(torn, (await File.ReadAllBytesAsync(Fixtures.Model))[..1_000_000]);
        foreach (string path in new[] { "/nowhere/model.bin", text, torn })
        {
            using var meters = new TestMeters();
            await using var recognizer = Engine.Start(meters, path);
            var unavailable = Assert.IsType<RecognizeOutcome.Unavailable>(await AskAsync(recognizer, new SpeechJob(Speech, "en")));
            Assert.Contains(path, unavailable.Reason, StringComparison.Ordinal);
            Assert.Equal(new RecognizerStatus.Unavailable(unavailable.Reason), recognizer.Status);
            Assert.Null(recognizer.Engine);
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Jobs_without_an_answer_are_unavailable_when_it_is_disposed()
    {
        var recognizer = Engine.Start();
        var answer = AskAsync(recognizer, new SpeechJob(Speech, "en"));
        await recognizer.DisposeAsync();
        Assert.IsType<RecognizeOutcome.Unavailable>(await answer);
        Assert.IsType<RecognizeOutcome.Unavailable>(await AskAsync(recognizer, new SpeechJob(Speech, "en")));
    }

    private static Task<RecognizeOutcome> AskAsync(WhisperRecognizer recognizer, SpeechJob job) =>
        recognizer.RecognizeAsync(job, CancellationToken.None).WaitAsync(Engine.Patience);

    private static async Task ReadyAsync(WhisperRecognizer recognizer)
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        recognizer.StatusChanged += status => { if (status is RecognizerStatus.Ready) ready.TrySetResult(); };
        if (recognizer.Status is RecognizerStatus.Ready) ready.TrySetResult();
        await ready.Task.WaitAsync(Engine.Patience);
    }

    private static void Signal(int process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.ToString()]);
        kill.WaitForExit();
    }
}
