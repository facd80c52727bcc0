using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Live;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;
using Pipeline.Transcribe.Captions;
using CaptionsStatus = Pipeline.Actors.Meetings.CaptionsStatus;
using SpeechEffort = Pipeline.Transcribe.Speech.SpeechEffort;

namespace Pipeline.Actors.Media;

/// <summary>Everything needed to take in one meeting's media, at first or again after a restart.</summary>
/// <param name="Run">1 at creation, one more at each restart; numbers the live files.</param>
/// <param name="Port">The port it had; null: choose one.</param>
/// <param name="Heard">The captions that are stored already.</param>
public sealed record MediaJob(
    MeetingId Id, int Run, DateTimeOffset StartedAt, int? Port, MeetingSpec Spec, IReadOnlyList<Track> Tracks,
    IReadOnlyList<HeardSpan> Heard)
{
    /// <summary>Whose it is; null: nobody says.</summary>
    public TenantId? Tenant { get; init; }
    /// <summary>Some captions found no room and were not stored: of those that are said to be complete, too.</summary>
    public bool CaptionsRefused { get; init; }
    /// <summary>The moment of <see cref="StartedAt"/> on the boot's clock; null: the journal says, or the wall clock.</summary>
    public BootMoment? Began { get; init; }
    /// <summary>The mix was made and told of before, and is not made again.</summary>
    public bool MixIsReady { get; init; }
    /// <summary>It begins paused: of the very first packet no more than the header is taken.</summary>
    public bool Paused { get; init; }
    /// <summary>Ids of participants who denied consent: of them, too, from the very first packet on.</summary>
    internal IEnumerable<string> Denied => Tracks.Select(t => t.Spec.Participant).Where(p => p.IsDenied).Select(p => p.Id).Distinct();
}

/// <summary>One stored caption: the track's number, and when it was said.</summary>
public sealed record HeardSpan(int Track, TimeSpan Start, TimeSpan End)
{
    /// <summary>ISO 639-1; null: not known.</summary>
    public string? Language { get; init; }
}

/// <summary>What a second pass heard.</summary>
/// <param name="Captions">In order for each track; none of an utterance in which nothing is believed.</param>
/// <param name="Asked">The utterances that were recognised.</param>
public sealed record RefinedSpeech(IReadOnlyList<Caption> Captions, IReadOnlyList<HeardSpan> Asked);

public abstract record OpenMediaResult
{
    public sealed record Opened(IMeetingMedia Media) : OpenMediaResult;
    /// <summary>No port is free, or the one it had is taken; or the disk is full or broken.</summary>
    public sealed record NoCapacity(string Detail) : OpenMediaResult;
}

/// <summary>News from a running meeting. Called from any thread; the callee only posts to a mailbox.</summary>
public interface IMediaObserver
{
    /// <summary>Every revision, in order for each segment.</summary>
    void OnCaption(int run, Caption caption);
    /// <param name="effort">Which step down, where they are degraded or deferred.</param>
    void OnCaptionsStatus(int run, CaptionsStatus status, SpeechEffort effort = SpeechEffort.Full);
    /// <summary>True while somebody looks at the levels: else none are made.</summary>
    bool WantsLevels { get; }
    void OnLevels(LevelReading reading);
    /// <summary>The mix of a meeting that has ended is there before the other files. It is among those told of at the end, too.</summary>
    void OnMix(int run, MadeFile mix);
}

/// <summary>How one track does now.</summary>
public sealed record TrackSnapshot(int Number, TrackStatus Status, Authenticated Authenticated, TrackQuality Quality);

/// <param name="LastPacketAt">Meeting time of the newest packet of any track; null before the first.</param>
public sealed record MediaSnapshot(
    TimeSpan? LastPacketAt, MediaHealth Health, IReadOnlyList<TrackSnapshot> Tracks, IReadOnlyDictionary<string, long> Refused);

/// <summary>
/// The running media of one meeting: its port, journal, mix and captions. What it is told ends with a <see cref="TimeoutException"/> where
/// the disk does not answer.
/// </summary>
public interface IMeetingMedia : IAsyncDisposable
{
    int Port { get; }
    /// <summary>Completes, and never faults, when the media broke by our own bug: it takes nothing more, and the journal has what came.</summary>
    Task Broken { get; }
    /// <summary>Returns once the journal knows the track and is synced.</summary>
    Task AddTrackAsync(Track track, CancellationToken ct);
    Task EndTrackAsync(Track track, CancellationToken ct);
    /// <summary>Returns once the track has its name and its SSRC, and the journal, synced, says so. Again is harmless.</summary>
    Task ChangeTrackAsync(Track track, CancellationToken ct);
    /// <summary>
    /// As a pause and its end, for all tracks of one participant. Returns once no payload of theirs is taken any more, or from when on
    /// they are, and the journal, synced, says so. Again is harmless.
    /// </summary>
    Task SetConsentAsync(string participant, string consent, CancellationToken ct);
    /// <summary>Returns once no payload is taken any more and the journal, synced, says so. Again is harmless.</summary>
    Task PauseAsync(CancellationToken ct);
    /// <summary>Synced first: payloads are taken from the moment it returns, and not before. Again is harmless.</summary>
    Task ResumeAsync(CancellationToken ct);
    /// <summary>Words that are likely to be said from now on.</summary>
    Task ExpectAsync(IReadOnlyList<string> vocabulary, CancellationToken ct);
    MediaSnapshot Snapshot();
    /// <summary>
    /// Takes in what is under way (≤ 300 ms), closes port, journal and live mix, and lets the captions of what was said finish.
    /// <paramref name="duration"/> is the meeting's length: nothing placed after it is kept.
    /// </summary>
    Task StopAsync(TimeSpan duration, CancellationToken ct);
}

public abstract record ProcessMediaResult
{
    /// <param name="Captions">`Off`, `Live` when every word is there, `Deferred` when the speech engine could not.</param>
    public sealed record Done(IReadOnlyList<MadeFile> Files, MediaSnapshot Quality, CaptionsStatus Captions) : ProcessMediaResult;
    /// <param name="Reason">A stable word: `encoder_failed`, `storage_failed`, `key_unavailable`, `codec_unavailable`.</param>
    /// <param name="Detail">One sentence for the operator.</param>
    /// <param name="Files">Those that could be made all the same.</param>
    public sealed record Failed(string Reason, string Detail, IReadOnlyList<MadeFile> Files, MediaSnapshot Quality, CaptionsStatus Captions) : ProcessMediaResult
    {
        /// <summary>Nothing is wrong with the meeting: the disk has no room for its files.</summary>
        public bool CanSucceedLater { get; init; }
    }
}

/// <param name="Track">The track's number, for kind "track".</param>
public sealed record MadeFile(string Kind, int? Track, string ContentType, string Codec, string Path, long Bytes, TimeSpan Duration, string Sha256)
{
    /// <summary>Integrated (ITU-R BS.1770), in LUFS; null where it has no sound, none was measured, or there was only silence.</summary>
    public double? Loudness { get; init; }
    /// <summary>What was asked for, of a file that somebody asked for; null for the meeting's own.</summary>
    public RenderRequest? Render { get; init; }
}

public abstract record RenderMediaResult
{
    public sealed record Made(MadeFile File) : RenderMediaResult;
    /// <param name="Reason">A stable word: `encoder_failed`, `storage_failed`, `key_unavailable`, `codec_unavailable`.</param>
    /// <param name="Detail">One sentence for the operator.</param>
    /// <param name="CanRetry">Trying again can help.</param>
    public sealed record Failed(string Reason, string Detail, bool CanRetry) : RenderMediaResult;
}

/// <summary>Opens meetings' media and makes their files from the journal.</summary>
public interface IMediaEngine
{
    Task<OpenMediaResult> OpenAsync(MediaJob job, IMediaObserver observer, CancellationToken ct);

    /// <summary>
    /// Makes every output from the journal, and captions that are not there yet. Repeatable: the same journal gives the same files.
    /// <paramref name="duration"/> is the meeting's length, which every file has.
    /// </summary>
    Task<ProcessMediaResult> ProcessAsync(MediaJob job, TimeSpan duration, IMediaObserver observer, CancellationToken ct);

    /// <summary>
    /// Makes one more file of a meeting that is over, from its journal. One at a time on a node: who comes second waits. Repeatable: the same
    /// journal and request give the same sound and pictures. Cancelled, it leaves nothing that <see cref="DiscardRender"/> does not delete.
    /// </summary>
    /// <param name="duration">The meeting's length.</param>
    /// <param name="text">For pictures.</param>
    /// <param name="id">What the file will be known by: it lies under this name.</param>
    /// <param name="progress">0 … 1, from any thread.</param>
    Task<RenderMediaResult> RenderAsync(
        MediaJob job, TimeSpan duration, RenderRequest request, RenderText text, RecordingId id, IProgress<double> progress, CancellationToken ct);

    /// <summary>Deletes what lies here of a render that is not going to be. What cannot be deleted stays, and is logged.</summary>
    void DiscardRender(MeetingId meeting, RecordingId id);

    /// <summary>Opens one of a meeting's files, to read it from any place; the caller disposes it.</summary>
    /// <exception cref="IOException">It, or the meeting's key, is not there.</exception>
    /// <exception cref="InvalidDataException">It is not whole. A part that is damaged is told when it is read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The meeting's key cannot be opened.</exception>
    Stream OpenFile(MeetingId meeting, string path);

    /// <summary>True while there is an engine that takes speech.</summary>
    bool CanHear { get; }

    /// <summary>
    /// Makes the captions that a meeting which is over has not yet, after everything that is being said now. Repeatable: those that are stored are not made again.
    /// </summary>
    /// <returns>True when there is one of every word.</returns>
    /// <exception cref="IOException">The journal cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">Or its key.</exception>
    Task<bool> CaptionAsync(MediaJob job, TimeSpan duration, IMediaObserver observer, CancellationToken ct);

    /// <summary>True while there is an engine that takes speech, and second passes are made.</summary>
    bool CanRefine { get; }

    /// <summary>
    /// Recognises what was said in a meeting that is over once more: whole utterances, as well as the engine can, after everything that is being said
    /// now.
    /// </summary>
    /// <param name="apart">What is not to be heard again, and is no part of any utterance.</param>
    /// <param name="isWanted">Whether an utterance is recognised; called from any thread.</param>
    /// <returns>Null when the engine went away meanwhile.</returns>
    /// <exception cref="IOException">The journal cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">Or its key.</exception>
    Task<RefinedSpeech?> RefineAsync(
        MediaJob job, TimeSpan duration, IReadOnlyList<HeardSpan> apart, Func<HeardSpan, bool> isWanted, CancellationToken ct);

    /// <summary>What can be heard of a meeting that runs, or whose mix is not there yet; null: nothing ever, or nothing any more.</summary>
    LiveMix? FindLiveMix(MeetingId meeting);

    /// <summary>Binds a port, and the odd one above, until media is opened for a track that has it; null when every port is in use.</summary>
    int? ReservePort();

    /// <summary>Gives up one that no media has taken yet; else nothing.</summary>
    void ReleasePort(int port);

    /// <summary>Keeps a port from whoever asks for any, until it is disposed: something may still be sent to it.</summary>
    IDisposable HoldPort(int port);

    /// <summary>Seals a sender's key under the meeting's own; the media that is opened for the meeting can open it.</summary>
    /// <param name="isNew">The meeting has no key yet: it gets one.</param>
    /// <exception cref="IOException">The meeting's key cannot be read, or not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The same, for want of a right.</exception>
    SealedSrtp Seal(MeetingId meeting, SrtpParameters srtp, bool isNew);

    /// <summary>The same with what the node itself must say to get at the meeting's media.</summary>
    /// <inheritdoc cref="Seal"/>
    byte[] SealSecret(MeetingId meeting, ReadOnlySpan<byte> secret, bool isNew);

    /// <exception cref="IOException">The meeting's key is gone, or cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It is not what was sealed.</exception>
    byte[] OpenSecret(MeetingId meeting, ReadOnlySpan<byte> sealedSecret);

    /// <summary>Meetings that have a key here and no journal: their media was never opened.</summary>
    IReadOnlyList<MeetingId> Unopened();

    /// <summary>Deletes the key of a meeting that is not going to be; of one that has a journal, nothing. What cannot be deleted stays.</summary>
    void Discard(MeetingId meeting);

    SpeechEngine? Engine { get; }
}
