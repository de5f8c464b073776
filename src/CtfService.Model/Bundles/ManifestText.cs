using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CtfService.Model.Bundles;

/// <summary>
/// The text of a manifest with and without what was added to the finished bundle: its recorded evaluation, its expectation and its usual labels. The hash of a
/// bundle is that of the text without them: they change no image, so files that name the hash, entity tags and unfinished jobs stay valid.
/// </summary>
internal static class ManifestText
{
    private const string Evaluation = "evaluation";

    private const string Expected = "expected";

    /// <summary>Returns the SHA-256 of the text without what was added, in lower-case hex.</summary>
    public static string Hash(byte[] json) =>
        Convert.ToHexStringLower(SHA256.HashData(WithoutUsualLabels(Without(Without(json, Evaluation), Expected))));

    /// <summary>Returns the text with this evaluation as the last member, in place of one that it has; every other byte stays.</summary>
    public static byte[] With(byte[] json, BundleEvaluation evaluation) => With(json, Evaluation, evaluation);

    /// <summary>As <see cref="With(byte[], BundleEvaluation)"/>, for an expectation.</summary>
    public static byte[] With(byte[] json, BundleExpectation expectation) => With(json, Expected, expectation);

    private static byte[] With<T>(byte[] json, string name, T value)
    {
        var bare = Without(json, name).AsSpan();
        var last = bare[..bare.LastIndexOf((byte)'}')].TrimEnd(" \t\r\n"u8);
        var member = JsonSerializer.Serialize(value, BundleJson.Options).Replace("\n", "\n  ", StringComparison.Ordinal);
        return [.. last, .. Encoding.UTF8.GetBytes($",\n  \"{name}\": {member}"), .. bare[last.Length..]];
    }

    /// <summary>Returns the text as it was before a member was recorded.</summary>
    private static byte[] Without(byte[] json, string name)
    {
        var reader = new Utf8JsonReader(json);
        var end = 0L; // of the member before
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
            {
                continue;
            }

            var (start, isRecorded) = (reader.TokenStartIndex, reader.ValueTextEquals(name));
            reader.Skip();
            if (isRecorded && end > 0)
            {
                return [.. json[..(int)end], .. json[(int)reader.BytesConsumed..]];
            }

            if (isRecorded)
            {
                reader.Read(); // the next member, without the comma before it
                return [.. json[..(int)start], .. json[(int)reader.TokenStartIndex..]];
            }

            end = reader.BytesConsumed;
        }

        return json;
    }

    /// <summary>Returns the text as it was before usual labels were added to its list of files, which are the last entry.</summary>
    private static byte[] WithoutUsualLabels(byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        var (isFiles, start, end, before) = (false, 0L, 0L, 0L); // before: the end of the entry before
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName when reader.CurrentDepth == 1:
                    isFiles = reader.ValueTextEquals("files");
                    break;
                case JsonTokenType.StartObject when isFiles && reader.CurrentDepth == 2:
                    (before, start) = (end, reader.TokenStartIndex);
                    break;
                case JsonTokenType.EndObject when isFiles && reader.CurrentDepth == 2:
                    end = reader.BytesConsumed;
                    break;
                case JsonTokenType.String when isFiles && start > end && before > 0 && reader.ValueTextEquals(BundleFiles.UsualLabels):
                    while (reader.CurrentDepth > 2)
                    {
                        reader.Read();
                    }

                    return [.. json[..(int)before], .. json[(int)reader.BytesConsumed..]];
            }
        }

        return json;
    }
}
