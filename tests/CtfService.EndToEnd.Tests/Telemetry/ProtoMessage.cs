using Google.Protobuf;

namespace CtfService.EndToEnd.Tests.Telemetry;

/// <summary>
/// A protobuf message that is read without its schema, as values by field number. Supports the few OTLP fields that the tests need.
/// Their numbers are those of opentelemetry-proto 1.x (trace.proto, metrics.proto, logs.proto, common.proto).
/// </summary>
internal sealed class ProtoMessage
{
    private readonly Dictionary<int, List<object>> _fields = [];

    public static ProtoMessage Parse(ByteString bytes)
    {
        var message = new ProtoMessage();
        var input = bytes.CreateCodedInput();
        while (input.ReadTag() is var tag and not 0)
        {
            object value = WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => input.ReadUInt64(),
                WireFormat.WireType.Fixed64 => input.ReadFixed64(),
                WireFormat.WireType.Fixed32 => (ulong)input.ReadFixed32(),
                WireFormat.WireType.LengthDelimited => input.ReadBytes(),
                var other => throw new InvalidDataException($"Wire type {other} is not used by OTLP."),
            };
            var number = WireFormat.GetTagFieldNumber(tag);
            if (!message._fields.TryGetValue(number, out var values))
            {
                message._fields.Add(number, values = []);
            }

            values.Add(value);
        }

        return message;
    }

    public IEnumerable<ProtoMessage> Messages(int number) => Values(number).Cast<ByteString>().Select(Parse);

    /// <summary>All messages at the end of a path of field numbers.</summary>
    public IEnumerable<ProtoMessage> Messages(int number, params int[] further) =>
        further.Aggregate(Messages(number), (messages, next) => messages.SelectMany(message => message.Messages(next)));

    public string Text(int number) => Bytes(number).ToStringUtf8();

    /// <summary>Bytes as lower-case hex, the form of trace and span ids.</summary>
    public string Hex(int number) => Convert.ToHexStringLower(Bytes(number).Span);

    public ulong Number(int number) => Values(number).Cast<ulong>().LastOrDefault();

    public double Double(int number) => BitConverter.UInt64BitsToDouble(Number(number));

    /// <summary>Attributes (KeyValue of AnyValue) as text.</summary>
    public IReadOnlyDictionary<string, string> Attributes(int number) =>
        Messages(number).ToDictionary(pair => pair.Text(1), pair => AnyValue(pair.Messages(2).Single()));

    private static string AnyValue(ProtoMessage value) => value._fields.ContainsKey(1) ? value.Text(1)
        : value._fields.ContainsKey(2) ? value.Number(2) == 0 ? "false" : "true"
        : value._fields.ContainsKey(3) ? $"{(long)value.Number(3)}"
        : $"{value.Double(4)}";

    private ByteString Bytes(int number) => Values(number).Cast<ByteString>().LastOrDefault() ?? ByteString.Empty;

    private List<object> Values(int number) => _fields.GetValueOrDefault(number) ?? [];
}
