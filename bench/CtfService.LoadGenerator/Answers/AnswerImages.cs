using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using CtfService.LoadGenerator.Requests;
using CtfService.Model.Imaging;

namespace CtfService.LoadGenerator.Answers;

/// <summary>The images of one answer: their SHA-256, and whether they can be decoded. Not thread-safe; one for each answer.</summary>
/// <param name="decodes">Whether to decode the images, previews included.</param>
internal sealed class AnswerImages(bool decodes)
{
    private const int MostImages = 16;

    private readonly byte[] _hashes = new byte[MostImages * SHA256.HashSizeInBytes];

    /// <summary>Number of finished images.</summary>
    public int Count { get; private set; }

    /// <summary>SHA-256 of each finished image, one after another.</summary>
    public ReadOnlySpan<byte> Hashes => _hashes.AsSpan(0, Count * SHA256.HashSizeInBytes);

    /// <summary>Reads the images of a whole body.</summary>
    /// <exception cref="InvalidDataException">An image cannot be decoded, a stream has no end, or there are too many images.</exception>
    /// <exception cref="JsonException">JSON is not valid.</exception>
    public void Read(AnswerForm form, ReadOnlySpan<byte> body)
    {
        switch (form)
        {
            case AnswerForm.File:
                Add(body, isFinished: true);
                break;
            case AnswerForm.Json:
                ReadJson(body, isFinished: true);
                break;
            case AnswerForm.Events:
                ReadEvents(body);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(form), form, "This form has no images.");
        }
    }

    private void ReadEvents(ReadOnlySpan<byte> body)
    {
        var hasEnded = false;
        foreach (var range in body.Split((byte)'\n'))
        {
            var line = body[range];
            if (!line.StartsWith("data: "u8))
            {
                continue;
            }

            var content = line["data: "u8.Length..].TrimEnd((byte)'\r');
            hasEnded = content.SequenceEqual("[DONE]"u8);
            if (!hasEnded)
            {
                ReadJson(content, isFinished: content.IndexOf(".completed\""u8) >= 0);
            }
        }

        if (!hasEnded)
        {
            throw new InvalidDataException("the stream has no [DONE]");
        }
    }

    private void ReadJson(ReadOnlySpan<byte> json, bool isFinished)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("b64_json"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    AddBase64(ref reader, isFinished);
                }
            }
            else if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals("error"u8))
            {
                throw new InvalidDataException("the answer has an error");
            }
        }
    }

    private void AddBase64(ref Utf8JsonReader reader, bool isFinished)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        try
        {
            var text = buffer.AsSpan(0, reader.CopyString(buffer));
            if (System.Buffers.Text.Base64.DecodeFromUtf8InPlace(text, out var written) != OperationStatus.Done)
            {
                throw new InvalidDataException("an image is not base64");
            }

            Add(buffer.AsSpan(0, written), isFinished);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Add(ReadOnlySpan<byte> file, bool isFinished)
    {
        if (decodes)
        {
            ImageCodec.Decode(file);
        }

        if (isFinished)
        {
            if (Count == MostImages)
            {
                throw new InvalidDataException($"the answer has more than {MostImages} images");
            }

            SHA256.HashData(file, _hashes.AsSpan(Count * SHA256.HashSizeInBytes));
            Count++;
        }
    }
}
