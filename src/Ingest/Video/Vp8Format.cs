namespace Pipeline.Ingest.Video;

//        0 1 2 3 4 5 6 7
//       |X|R|N|S|R| PID |   S: a partition begins; PID: which
//   X:  |I|L|T|K|  RSV  |
//   I:  |M| PictureID   |   7 bits, with M 15
//   L:  |   TL0PICIDX   |
//  T/K: |TID|Y| KEYIDX  |

/// <summary>VP8 in RTP (RFC 7741): behind a descriptor a piece of the frame; the first one begins with the frame's tag (RFC 6386 §9.1).</summary>
internal sealed class Vp8Format : PayloadFormat
{
    private const int KeyHeaderLength = 10, DeltaHeaderLength = 3;

    public override bool Begins(ReadOnlySpan<byte> payload) => TryRead(payload, out bool begins, out _) && begins;

    public override KeyFrameStart KeyFrameIn(ReadOnlySpan<byte> payload) =>
        TryRead(payload, out bool begins, out var data) && begins && IsKey(data) ? KeyFrameStart.Whole : KeyFrameStart.None;

    public override bool TryAdd(ReadOnlySpan<byte> payload, FrameBuffer frame) =>
        TryRead(payload, out bool begins, out var data) && begins == (frame.Length == 0) && frame.TryAppend(data);

    public override bool TryFinish(FrameBuffer frame, bool afterHole, out FrameInfo info)
    {
        var data = frame.Bytes;
        info = new FrameInfo(data.Length > 0 && IsKey(data));
        if (!info.IsKey) return data.Length >= DeltaHeaderLength;
        if (data.Length < KeyHeaderLength || data[3] != 0x9D || data[4] != 0x01 || data[5] != 0x2A) return false;
        info = info with { Width = (data[6] | data[7] << 8) & 0x3FFF, Height = (data[8] | data[9] << 8) & 0x3FFF };   // the two bits above scale
        return info.Width > 0 && info.Height > 0;
    }

    private static bool IsKey(ReadOnlySpan<byte> data) => (data[0] & 1) == 0;

    /// <param name="data">Not empty.</param>
    private static bool TryRead(ReadOnlySpan<byte> payload, out bool begins, out ReadOnlySpan<byte> data)
    {
        begins = false;
        data = default;
        if (payload.IsEmpty) return false;
        begins = (payload[0] & 0x17) == 0x10;                                        // S, of partition 0
        int length = 1;
        if ((payload[0] & 0x80) != 0)
        {
            if (payload.Length < 2) return false;
            byte extension = payload[1];
            length = 2;
            if ((extension & 0x80) != 0) length += payload.Length > 2 && (payload[2] & 0x80) != 0 ? 2 : 1;
            if ((extension & 0x40) != 0) length++;
            if ((extension & 0x30) != 0) length++;
        }
        if (payload.Length <= length) return false;
        data = payload[length..];
        return true;
    }
}
