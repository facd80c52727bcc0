using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Actors.Sources.Janus;

/// <summary>A room's or a participant's id: an integer up to 2^53, or with `string_ids` a text. Both are told apart: 7 is not "7".</summary>
[JsonConverter(typeof(JanusIdJson))]
public readonly record struct JanusId(string Text, bool IsNumber)
{
    /// <summary>The greatest integer that JSON of every kind keeps.</summary>
    public const long Greatest = 1L << 53;

    public static JanusId Of(long number) => new(number.ToString(), true);
    public static JanusId Of(string text) => new(text, false);

    public override string ToString() => Text;
}

/// <summary>As Janus writes it, and as it expects to read it again.</summary>
public sealed class JanusIdJson : JsonConverter<JanusId>
{
    public override JanusId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String => JanusId.Of(reader.GetString()!),
        JsonTokenType.Number when reader.TryGetInt64(out long number) => JanusId.Of(number),
        _ => throw new JsonException("Not an id."),
    };

    public override void Write(Utf8JsonWriter writer, JanusId value, JsonSerializerOptions options)
    {
        if (value.IsNumber) writer.WriteRawValue(value.Text);
        else writer.WriteStringValue(value.Text);
    }
}
