namespace Pipeline.Actors.Sources.Janus;

/// <summary>Why a room cannot be watched, as a reader of the meeting is told: never what somebody sent.</summary>
internal sealed record JanusFault(string Word, string Detail)
{
    public static readonly JanusFault Unresolved = new("unresolved", "the address cannot be resolved");
    public static readonly JanusFault Forbidden = new("forbidden", "the address is none that a room may be fetched from");
    public static readonly JanusFault Unreachable = new("unreachable", "Janus cannot be reached");
    public static readonly JanusFault NotJanus = new("not_janus", "what answers does not speak Janus' WebSocket protocol");
    public static readonly JanusFault Closed = new("closed", "the connection to Janus was lost");
    public static readonly JanusFault Silent = new("silent", "Janus does not answer");
    public static readonly JanusFault Overrun = new("overrun", "Janus told more than could be followed: the room is entered again");
    public static readonly JanusFault ApiSecret = new("api_secret", "Janus refuses: the api_secret is wrong or missing");
    public static readonly JanusFault Refused = new("refused", "Janus refuses what is asked");
    public static readonly JanusFault NoRoom = new("no_room", "there is no such room");
    public static readonly JanusFault Pin = new("pin", "the room's pin is wrong or missing");
    public static readonly JanusFault Secret = new("secret", "the room's secret is wrong or missing");
    public static readonly JanusFault Kicked = new("kicked", "the recorder was put out of the room");
    public static readonly JanusFault NoKey = new("no_key", "the meeting's key cannot be read");
    public static readonly JanusFault NoSrtp = new("no_srtp", "Janus is to send over a network and this node cannot read SRTP: it has no libsrtp2");
    public static readonly JanusFault Forwarding = new("forwarding", "Janus refuses to forward: the secret or the admin_key is wrong or missing");

    public static readonly JanusFault StreamRefused = new("stream_refused", "Janus refuses to forward a stream of the room; it is asked again");
    public static readonly JanusFault LeftOut = new("left_out", "the room has more streams than are recorded at once, or the meeting has had as many tracks as it may: some are left out");

    /// <summary>VideoRoom's code for a room that is not.</summary>
    public const int NoSuchRoomCode = 426;
    public const int UnauthorizedCode = 433;
}

internal sealed class JanusException(JanusFault fault, Exception? inner = null) : Exception(fault.Detail, inner)
{
    public JanusFault Fault => fault;
}
