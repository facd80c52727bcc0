using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Captions;

/// <summary>What the pipeline keeps for one track. Each part says whose it is.</summary>
internal sealed class CaptionTrack
{
    private int paused;

    public CaptionTrack(int number, string speaker, UtteranceLimits limits, Action<CaptionTrack, Utterance> ended)
    {
        Number = number;
        Speaker = speaker;
        Detector = new SpeechDetector(limits);
        Frames = new FrameAssembler(Detector, utterance => ended(this, utterance));
    }

    public int Number { get; }

    /// <summary>Who speaks on it: the same on all tracks of one participant.</summary>
    public string Speaker { get; }

    // Between the media loop (writer) and the pipeline's turn (reader).
    public SampleRing Ring { get; } = new();
    /// <summary>When something was last written, in the clock's timestamps.</summary>
    public long LastWrite;
    public volatile bool Ended;

    /// <summary>Nothing comes for a while: what is open is to become final.</summary>
    public void Pause() => Volatile.Write(ref paused, 1);
    /// <summary>True once after each pause.</summary>
    public bool TakePause() => Interlocked.Exchange(ref paused, 0) == 1;

    /// <summary>Samples that found no room in it lately; the writer only.</summary>
    public (long First, long Length) Overrun { get; set; }

    // The pipeline's turn only.
    public SpeechDetector Detector { get; }
    public FrameAssembler Frames { get; }
    /// <summary>What is being said; null before anything of it is asked for.</summary>
    public OpenSegment? Open { get; set; }
    /// <summary>Ends the partial that is asked for; null while none is. At most one a track.</summary>
    public CancellationTokenSource? Asking { get; set; }

    // From whoever asked for a partial to the turn.
    public PartialAnswer? Answer;

    // Under the pipeline's lock.
    /// <summary>Utterances that wait for the recognizer, in order.</summary>
    public LinkedList<WaitingUtterance> Waiting { get; } = new();
    /// <summary>One loop asks for this track's utterances one after the other, so captions come in order.</summary>
    public bool IsAsking { get; set; }
}

/// <param name="At">When it ended, in the clock's timestamps.</param>
/// <param name="Segment">What it becomes the final of.</param>
/// <param name="IsPutOff">It is asked for when there is time, and is noted as lost until it is heard.</param>
internal sealed record WaitingUtterance(CaptionTrack Track, Utterance Utterance, long At, OpenSegment Segment, bool IsPutOff = false);

/// <param name="Speech">Without its samples.</param>
/// <param name="Outcome">Null: it was cancelled.</param>
internal sealed record PartialAnswer(OpenSegment Segment, Utterance Speech, RecognizeOutcome? Outcome);
