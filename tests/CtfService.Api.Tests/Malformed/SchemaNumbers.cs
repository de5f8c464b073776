using System.Globalization;
using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Malformed;

/// <summary>Numbers of a schema, exact at any size.</summary>
internal static class SchemaNumbers
{
    /// <summary>Returns null if the schema does not have the keyword.</summary>
    public static decimal? Number(this JsonObject schema, string keyword) =>
        schema[keyword]?.ToJsonString() is { } text ? decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture) : null;

    public static string Write(this decimal number) => number.ToString(CultureInfo.InvariantCulture);
}
