using System.Globalization;
using CtfService.Api.Errors;

namespace CtfService.Api.Validation;

/// <summary>Reads how many entries of a list a caller wants.</summary>
internal static class PageSize
{
    /// <param name="asked">The query parameter <c>limit</c>; null if it is absent.</param>
    /// <exception cref="RequestRefusedException">It is not a number from 1 to the largest.</exception>
    public static int Read(string? asked, int byDefault, int largest)
    {
        if (asked is null)
        {
            return byDefault;
        }

        return int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size >= 1 && size <= largest
            ? size
            : throw RequestRefusedException.For("limit", "out_of_range", $"limit is '{asked}'; expected 1 to {largest}.");
    }
}
