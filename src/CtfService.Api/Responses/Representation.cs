using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Core.Generation;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Responses;

/// <summary>The form of a response: JSON that contains image files, or one image file.</summary>
/// <param name="IsJson">Whether the body is JSON; if false, it is the image file.</param>
/// <param name="Format">Format of the image files in either case.</param>
internal sealed record Representation(bool IsJson, ImageFormat Format)
{
    private string MediaType => IsJson ? MediaTypes.Json : ImageFormats.MediaType(Format);

    /// <summary>
    /// Chooses by the Accept header (RFC 9110, 12.5.1): the highest q, then the most specific range, then the first. Returns null if it accepts none.
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
        return Best(formats.Select(format => new Representation(IsJson: false, format)).Prepend(json), ranges);
    }

    /// <summary>Chooses the format of a response that is always an image file, by the Accept header. The smallest format is the default.</summary>
    /// <returns>Null if the header accepts none.</returns>
    public static Representation? ChooseFile(StringValues accept)
    {
        var files = ImageFormats.All.OrderByDescending(format => format == ImageFormat.Webp)
            .Select(format => new Representation(IsJson: false, format)).ToList();
        return StringValues.IsNullOrEmpty(accept) ? files[0]
            : MediaTypeHeaderValue.TryParseList([.. accept.OfType<string>()], out var ranges) ? Best(files, ranges)
            : null;
    }

    private static Representation? Best(IEnumerable<Representation> candidates, IList<MediaTypeHeaderValue> ranges) => candidates
        .Select(candidate => (candidate, Match: BestMatch(candidate.MediaType, ranges)))
        .Where(scored => scored.Match.Quality > 0)
        .OrderByDescending(scored => scored.Match.Quality)
        .ThenByDescending(scored => scored.Match.Specificity)
        .ThenBy(scored => scored.Match.Position)
        .Select(scored => scored.candidate)
        .FirstOrDefault();

    /// <summary>Lists the media types of a response, for messages.</summary>
    /// <param name="asked">The request's output_format; null allows every format.</param>
    public static string Offered(ImageFormat? asked) =>
        asked is { } only
            ? $"{MediaTypes.Json}, {ImageFormats.MediaType(only)} (from output_format)"
            : $"{MediaTypes.Json}, {string.Join(", ", ImageFormats.All.Select(ImageFormats.MediaType))}";

    /// <summary>The media types of a response that is always an image file, for messages.</summary>
    public static string OfferedFiles { get; } = string.Join(", ", ImageFormats.All.Select(ImageFormats.MediaType));

    /// <param name="offered">The media types that the endpoint can send.</param>
    public static ApiError NotAcceptable(string offered) => new(
        StatusCodes.Status406NotAcceptable, $"The Accept header allows none of {offered}. Add one of them or leave the header out.", "not_acceptable");

    /// <summary>
    /// Returns whether the Accept header allows a stream of events. JSON counts as well: OpenAI's clients always name it, and the events contain JSON.
    /// </summary>
    public static bool TakesStream(StringValues accept) =>
        StringValues.IsNullOrEmpty(accept)
        || (MediaTypeHeaderValue.TryParseList([.. accept.OfType<string>()], out var ranges)
            && ((string[])[MediaTypes.EventStream, MediaTypes.Json]).Any(type => BestMatch(type, ranges).Quality > 0));

    /// <summary>The most specific range determines the quality: "image/*, image/webp;q=0" excludes WebP.</summary>
    private static (double Quality, int Specificity, int Position) BestMatch(string mediaType, IList<MediaTypeHeaderValue> ranges) => ranges
        .Select((range, position) => (Quality: range.Quality ?? 1, Specificity: Specificity(mediaType, range), Position: position))
        .Where(match => match.Specificity > 0)
        .OrderByDescending(match => match.Specificity)
        .FirstOrDefault();

    /// <summary>Returns 3 for the type itself, 2 for its family, 1 for any type, 0 for no match.</summary>
    private static int Specificity(string mediaType, MediaTypeHeaderValue range)
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
