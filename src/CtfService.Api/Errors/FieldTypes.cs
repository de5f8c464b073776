using CtfService.Api.Contracts;

namespace CtfService.Api.Errors;

/// <summary>Describes the type of a field in the terms of JSON rather than .NET.</summary>
internal static class FieldTypes
{
    public static string Expected(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(string) => "a string",
        var t when t == typeof(bool) => "true or false",
        var t when t == typeof(int) => $"an integer between {int.MinValue} and {int.MaxValue}",
        var t when t == typeof(long) => $"an integer between {long.MinValue} and {long.MaxValue}",
        var t when t == typeof(float) => "a number",
        var t when t == typeof(ulong) => $"an integer between 0 and {ulong.MaxValue}, as a number or as a string of decimal digits",
        var t when t == typeof(ClassReference) => "a class name (string) or a class index (integer)",
        var t when t == typeof(IReadOnlyList<int>) => "a list of integers",
        var t when t == typeof(IReadOnlyList<string>) => "a list of strings",
        var t when t == typeof(PictureReference) =>
            "a PNG, JPEG or WebP file as base64 or as a data URL, or {\"file_id\": \"file-...\"} with the id of an uploaded file",
        var t when t == typeof(IReadOnlyList<ClassReference>) => "a list of class names (strings) and class indexes (integers)",
        var t when t == typeof(IReadOnlyDictionary<string, int>) => "a JSON object with integers",
        var t when t == typeof(IReadOnlyDictionary<string, string>) => "a JSON object with strings",
        _ => "a JSON object",
    };
}
