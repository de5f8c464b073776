using System.Text.Json;
using System.Text.Unicode;
using CtfService.Api.Errors;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Requests;

/// <summary>One line of the input file: a request to the endpoint of the batch.</summary>
/// <param name="Body">JSON of the request's body.</param>
internal sealed record BatchLine(string CustomId, ReadOnlyMemory<byte> Body)
{
    /// <summary>Longest <c>custom_id</c>, characters.</summary>
    public const int MaxCustomIdLength = 512;

    /// <summary>Longest line of a batch that was validated, bytes; longer ones were refused.</summary>
    public const int MaxLength = 1 << 30;

    private static readonly string[] Fields = ["custom_id", "method", "url", "body"];

    /// <summary>Reads a line. The body keeps the memory of the line.</summary>
    /// <param name="number">Number of the line, from 1.</param>
    /// <param name="problems">Gets everything that is wrong with the fields other than the body.</param>
    /// <returns>Null if there are problems.</returns>
    public static BatchLine? Read(ReadOnlyMemory<byte> line, long number, string endpoint, Action<JobError> problems)
    {
        if (!Utf8.IsValid(line.Span))
        {
            problems(new JobError("invalid_utf8", "The line is not valid UTF-8. Encode the file as UTF-8.", number));
            return null;
        }

        try
        {
            return new Envelope(number, endpoint, problems).Read(line);
        }
        catch (JsonException invalid)
        {
            problems(new JobError(
                "invalid_json_line",
                $"The line is not valid JSON: byte {(invalid.BytePositionInLine ?? 0) + 1}. Write each request as one JSON object on one line.",
                number));
            return null;
        }
    }

    /// <summary>Reads a line of a batch that was validated.</summary>
    /// <exception cref="InvalidDataException">The line is not the one that was validated: the file is damaged.</exception>
    public static BatchLine ReadValid(ReadOnlyMemory<byte> line, long number, string endpoint) =>
        Read(line, number, endpoint, problem => throw new InvalidDataException($"Line {number} of the batch has changed: {problem.Message}"))!;

    /// <summary>The fields of a line while it is read.</summary>
    private sealed class Envelope(long number, string endpoint, Action<JobError> problems)
    {
        private readonly HashSet<string> _seen = [];
        private bool _isValid = true;
        private string _customId = "";
        private ReadOnlyMemory<byte> _body;

        /// <exception cref="JsonException">The line is not valid JSON.</exception>
        public BatchLine? Read(ReadOnlyMemory<byte> line)
        {
            var reader = new Utf8JsonReader(line.Span);
            reader.Read();
            var isObject = reader.TokenType == JsonTokenType.StartObject;
            while (isObject && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                ReadField(ref reader, line);
            }

            reader.Skip();
            reader.Read(); // throws if anything follows
            if (!isObject)
            {
                Refuse(
                    "invalid_json_line",
                    "The line is not a JSON object; expected {\"custom_id\": ..., \"method\": \"POST\", \"url\": ..., \"body\": {...}}.");
                return null;
            }

            foreach (var missing in Fields.Except(_seen))
            {
                Refuse("required", $"{missing} is missing; expected {Expected(missing)}.", missing);
            }

            return _isValid ? new BatchLine(_customId, _body) : null;
        }

        private void ReadField(ref Utf8JsonReader reader, ReadOnlyMemory<byte> line)
        {
            var name = Text(ref reader) ?? "";
            reader.Read();
            if (!_seen.Add(name))
            {
                Refuse("duplicate_field", $"The line contains {name} twice. Send each field once.", name);
            }

            switch (name)
            {
                case "body":
                    var start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    _body = line[start..(int)reader.BytesConsumed];
                    return;
                case "custom_id" or "method" or "url":
                    Check(name, reader.TokenType == JsonTokenType.String ? Text(ref reader) : null);
                    break;
                default:
                    Refuse("unknown_field", UnknownFields.Describe(name, Fields), name);
                    break;
            }

            reader.Skip();
        }

        private void Check(string name, string? value)
        {
            if (value is null)
            {
                Refuse("wrong_type", $"{name} must be a string.", name);
            }
            else if (name == "custom_id")
            {
                _customId = value;
                if (value.Length is 0 or > MaxCustomIdLength)
                {
                    Refuse("invalid_custom_id", $"custom_id has {value.Length} characters; expected {Expected(name)}.", name);
                }
            }
            else if (name == "method" && value != HttpMethods.Post)
            {
                Refuse("invalid_method", $"method is '{Shown(value)}'; expected {Expected(name)}.", name);
            }
            else if (name == "url" && value != endpoint)
            {
                Refuse("mismatched_url", $"url is '{Shown(value)}'; expected {Expected(name)}.", name);
            }
        }

        private string Expected(string field) => field switch
        {
            "custom_id" => $"a text of 1 to {MaxCustomIdLength} characters that no other line has",
            "method" => "'POST'",
            "url" => $"'{endpoint}', the endpoint of the batch",
            _ => "a JSON object with the fields of the request",
        };

        private static string Shown(string value) => value.Length <= 64 ? value : $"{value[..64]}...";

        private void Refuse(string code, string message, string? param = null)
        {
            _isValid = false;
            problems(new JobError(code, message, number, param));
        }

        /// <summary>Returns null if the text contains an unpaired surrogate as an escape.</summary>
        private static string? Text(ref Utf8JsonReader reader)
        {
            try
            {
                return reader.GetString();
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }
    }
}
