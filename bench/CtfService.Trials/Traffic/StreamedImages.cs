using System.Text;
using System.Text.Json.Nodes;

namespace CtfService.Trials.Traffic;

/// <summary>Reads a stream of events to its end.</summary>
internal static class StreamedImages
{
    private const string Data = "data: ";

    private const string End = "[DONE]";

    /// <summary>Returns the finished images.</summary>
    /// <exception cref="FormatException">The stream has an error, or ends without its last event although the connection did not break.</exception>
    public static IReadOnlyList<byte[]> Read(byte[] body)
    {
        var events = Encoding.UTF8.GetString(body).Split('\n').Where(line => line.StartsWith(Data, StringComparison.Ordinal))
            .Select(line => line[Data.Length..]).ToList();
        if (events is not [.., End])
        {
            throw new FormatException($"a stream without its end; the last event is {(events.Count == 0 ? "none" : Short(events[^1]))}");
        }

        var parsed = events.SkipLast(1).Select(text => JsonNode.Parse(text)!).ToList();
        return parsed.Find(each => each["error"] is not null) is { } error
            ? throw new FormatException($"an error in the stream: {Short(error.ToJsonString())}")
            : [.. parsed.Where(IsFinished).Select(image => Convert.FromBase64String((string)image["b64_json"]!))];
    }

    private static bool IsFinished(JsonNode each) => ((string?)each["type"])?.EndsWith(".completed", StringComparison.Ordinal) == true;

    private static string Short(string text) => text.Length <= 200 ? text : $"{text[..200]}...";
}
