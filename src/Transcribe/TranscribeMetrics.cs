using System.Diagnostics.Metrics;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe;

/// <summary>What this project counts. No meeting, person or text is in any tag.</summary>
public sealed class TranscribeMetrics
{
    public const string MeterName = "Pipeline.Transcribe";

    private readonly Counter<long> asked, askedAgain, refused, givenUp, workerStarts, overrun, outOfOrder, filtered, partials, stale, finals, efforts;
    private readonly UpDownCounter<int> effort;
    private readonly Counter<double> dropped, putOff;
    private readonly Histogram<double> recognition, lag;

    public TranscribeMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        asked = meter.CreateCounter<long>("pipeline.speech.asked", "{job}", "Jobs sent to the worker, repeats included.");
        askedAgain = meter.CreateCounter<long>("pipeline.speech.asked_again", "{job}", "Jobs which a dead worker had not answered.");
        refused = meter.CreateCounter<long>("pipeline.speech.refused", "{job}", "Jobs for which the queue had no room; their meeting keeps them.");
        givenUp = meter.CreateCounter<long>("pipeline.speech.given_up", "{job}", "Jobs that cannot be recognised.");
        workerStarts = meter.CreateCounter<long>("pipeline.speech.worker_starts", "{start}", "Starts of the worker process.");
        recognition = meter.CreateHistogram<double>("pipeline.speech.duration", "s", "From sending a job to its answer.");
        overrun = meter.CreateCounter<long>("pipeline.captions.overrun", "{sample}", "Samples for which a track's ring had no room.");
        outOfOrder = meter.CreateCounter<long>("pipeline.captions.out_of_order", "{sample}", "Samples that came after later ones.");
        partials = meter.CreateCounter<long>("pipeline.captions.partials", "{caption}", "Revisions of segments that were still being said.");
        finals = meter.CreateCounter<long>("pipeline.captions.finals", "{caption}", "Finals; as_heard: false where words promised before were heard otherwise in the end.");
        stale = meter.CreateCounter<long>("pipeline.speech.stale", "{job}", "Jobs for partials that were dropped, because they waited too long or the worker died.");
        effort = meter.CreateUpDownCounter<int>("pipeline.speech.effort", "{step}", "How far down the ladder captions are: 0 is all there is, 3 finals only, 4 some of them later.");
        efforts = meter.CreateCounter<long>("pipeline.speech.effort_changes", "{change}", "Steps on that ladder, by where they led.");
        putOff = meter.CreateCounter<double>("pipeline.captions.put_off", "s", "Speech whose caption could not be made in time, and is made when there is some.");
        dropped = meter.CreateCounter<double>("pipeline.captions.dropped", "s", "Speech that waited beyond the bound.");
        filtered = meter.CreateCounter<long>("pipeline.captions.filtered", "{word}", "Words the model made up.");
        lag = meter.CreateHistogram<double>("pipeline.captions.lag", "s", "From the end of an utterance to its caption.");
    }

    public void JobAsked() => asked.Add(1);
    public void JobAskedAgain() => askedAgain.Add(1);
    public void JobRefused() => refused.Add(1);
    public void JobGivenUp() => givenUp.Add(1);
    public void JobAnswered(TimeSpan duration) => recognition.Record(duration.TotalSeconds);
    public void WorkerStarted() => workerStarts.Add(1);
    public void SamplesOverrun(int count) => overrun.Add(count);
    public void SamplesOutOfOrder(int count) => outOfOrder.Add(count);
    public void EffortChanged(SpeechEffort from, SpeechEffort to)
    {
        effort.Add(to - from);
        efforts.Add(1, new KeyValuePair<string, object?>("to", to.ToString()));
    }
    public void SpeechPutOff(TimeSpan length) => putOff.Add(length.TotalSeconds);
    public void SpeechDropped(TimeSpan length) => dropped.Add(length.TotalSeconds);
    public void WordsFiltered(int count) { if (count > 0) filtered.Add(count); }
    public void PartialPublished() => partials.Add(1);
    public void FinalPublished(bool asHeard) => finals.Add(1, new KeyValuePair<string, object?>("as_heard", asHeard));
    public void PartialDropped() => stale.Add(1);
    public void CaptionPublished(TimeSpan delay) => lag.Record(delay.TotalSeconds);
}
