using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Http;
using CtfService.Core.Generation;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Responses;

/// <summary>What goes into the body: JSON that carries image files, or one image file.</summary>
/// <param name="IsJson">False: the body is the image.</param>
/// <param name="Format">Of the image files either way.</param>
internal sealed record Representation(bool IsJson, ImageFormat Format)
{
    private string MediaType => IsJson ? MediaTypes.Json : ImageFormats.MediaType(Format);

    /// <summary>
    /// The one the Accept header likes best (RFC 9110, 12.5.1): highest q, then named most exactly, then named first. Null where it
    /// takes none of ours.
    /// </summary>
    /// <param name="asked">The request's output_format; null leaves the format to the header.</param>
    public static Representation? Choose(StringValues accept, ImageFormat? asked)
    {
        var json = new Representation(IsJson: true, asked ?? ImageFormat.Png);
        if (StringValues.IsNullOrEmpty(accept))
        {
            return json;
        }

        if (!MediaTypeHeaderValue.TryParseList([.. accept.OfType<string>()], out var ranges))
        {
            return null;
        }

        IReadOnlyList<ImageFormat> formats = asked is { } only ? [only] : ImageFormats.All;
        return formats.Select(format => new Representation(IsJson: false, format)).Prepend(json)
            .Select(candidate => (candidate, Match: BestMatch(candidate.MediaType, ranges)))
            .Where(scored => scored.Match.Quality > 0)
            .OrderByDescending(scored => scored.Match.Quality)
            .ThenByDescending(scored => scored.Match.Exactness)
            .ThenBy(scored => scored.Match.Position)
            .Select(scored => scored.candidate)
            .FirstOrDefault();
    }

    /// <summary>The media types that a request may get, for messages.</summary>
    /// <param name="asked">The request's output_format; null allows every format.</param>
    public static string Offered(ImageFormat? asked) =>
        $"{MediaTypes.Json}, {(asked is { } only ? $"{ImageFormats.MediaType(only)} (from output_format)" : string.Join(", ", ImageFormats.All.Select(ImageFormats.MediaType)))}";

    /// <param name="offered">The media types that would be acceptable.</param>
    public static ApiError NotAcceptable(string offered) => new(
        StatusCodes.Status406NotAcceptable, $"The Accept header takes none of {offered}. Name one of them or leave the header out.", "not_acceptable");

    /// <summary>
    /// Whether the Accept header takes a stream of events. JSON does as well: clients of OpenAI's API name it whatever they ask for, and each event carries JSON.
    /// </summary>
    public static bool TakesStream(StringValues accept) =>
        StringValues.IsNullOrEmpty(accept)
        || (MediaTypeHeaderValue.TryParseList([.. accept.OfType<string>()], out var ranges)
            && ((string[])[MediaTypes.EventStream, MediaTypes.Json]).Any(type => BestMatch(type, ranges).Quality > 0));

    /// <summary>The most exact range decides the quality: "image/*, image/webp;q=0" refuses WebP.</summary>
    private static (double Quality, int Exactness, int Position) BestMatch(string mediaType, IList<MediaTypeHeaderValue> ranges) => ranges
        .Select((range, position) => (Quality: range.Quality ?? 1, Exactness: Exactness(mediaType, range), Position: position))
        .Where(match => match.Exactness > 0)
        .OrderByDescending(match => match.Exactness)
        .FirstOrDefault();

    /// <summary>3: the type itself, 2: its family, 1: anything, 0: another.</summary>
    private static int Exactness(string mediaType, MediaTypeHeaderValue range)
    {
        if (range.MatchesAllTypes)
        {
            return 1;
        }

        var type = new MediaTypeHeaderValue(mediaType);
        if (!range.Type.Equals(type.Type, StringComparison.OrdinalIgnoreCase))
        {
            return 0;
        }

        return range.MatchesAllSubTypes ? 2 : range.SubType.Equals(type.SubType, StringComparison.OrdinalIgnoreCase) ? 3 : 0;
    }
}
