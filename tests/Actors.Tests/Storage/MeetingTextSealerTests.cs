using System.Security.Cryptography;
using System.Text;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Tests.Storage;

public sealed class MeetingTextSealerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sealer-").FullName;
    private readonly CountingVault vault;
    private readonly MeetingTextSealer sealer;

    public MeetingTextSealerTests()
    {
        vault = new CountingVault(new FileKeyVault(Path.Combine(folder, "keys")));
        sealer = new MeetingTextSealer(folder, vault) { Kept = 4 };
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_key_that_was_opened_is_not_opened_again()
    {
        var meeting = NewMeeting();
        byte[] text = sealer.Seal(meeting, "pineapple"u8);
        for (int i = 0; i < 10; i++) Assert.Equal("pineapple", Opened(meeting, text));
        Assert.Equal(1, vault.Unwrapped);
    }

    [Fact]
    public void A_key_that_was_destroyed_opens_nothing_and_is_not_held()
    {
        var meeting = NewMeeting();
        byte[] text = sealer.Seal(meeting, "pineapple"u8);
        File.Delete(new MeetingFolder(folder, meeting).Key);
        Assert.Null(sealer.Open(meeting, text));
        Assert.Equal(0, sealer.Held);
        Assert.Throws<FileNotFoundException>(() => sealer.Seal(meeting, "more"u8));

        var erased = NewMeeting();
        byte[] other = sealer.Seal(erased, "pineapple"u8);
        Directory.Delete(new MeetingFolder(folder, erased).Path, recursive: true);
        Assert.Null(sealer.Open(erased, other));
        Assert.Equal(0, sealer.Held);
    }

    [Fact]
    public void A_key_that_was_made_anew_is_read_anew()
    {
        var meeting = NewMeeting();
        byte[] text = sealer.Seal(meeting, "pineapple"u8);
        string key = new MeetingFolder(folder, meeting).Key;
        File.Delete(key);
        NewMeeting(meeting);
        File.SetLastWriteTimeUtc(key, DateTime.UnixEpoch);   // another one, however coarse the file system's clock
        Assert.Throws<AuthenticationTagMismatchException>(() => sealer.Open(meeting, text));
        Assert.Equal("more", Opened(meeting, sealer.Seal(meeting, "more"u8)));
    }

    [Fact]
    public void No_more_keys_are_held_than_allowed_and_every_text_opens()
    {
        var sealedTexts = Enumerable.Range(0, 15).Select(n => (Meeting: NewMeeting(), Text: $"pineapple {n}")).Select(m => (m.Meeting, m.Text, Sealed: sealer.Seal(m.Meeting, Encoding.UTF8.GetBytes(m.Text)))).ToList();
        foreach (var (meeting, text, sealedText) in sealedTexts)
        {
            Assert.Equal(text, Opened(meeting, sealedText));
            Assert.InRange(sealer.Held, 1, 4);
        }
    }

    private string Opened(MeetingId meeting, byte[] text) => Encoding.UTF8.GetString(sealer.Open(meeting, text)!);

    private MeetingId NewMeeting(MeetingId? id = null)
    {
        var meeting = id ?? MeetingId.New(DateTimeOffset.UnixEpoch);
        new MeetingFolder(folder, meeting).OpenOrCreateKeys(new FileKeyVault(Path.Combine(folder, "keys")));
        return meeting;
    }

    private sealed class CountingVault(IKeyVault vault) : IKeyVault
    {
        public int Unwrapped { get; private set; }

        public byte[] Wrap(ReadOnlySpan<byte> key, string purpose) => vault.Wrap(key, purpose);

        public byte[] Unwrap(ReadOnlySpan<byte> wrapped, string purpose)
        {
            Unwrapped++;
            return vault.Unwrap(wrapped, purpose);
        }
    }
}
