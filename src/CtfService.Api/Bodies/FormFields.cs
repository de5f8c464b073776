using System.Globalization;
using System.Numerics;
using CtfService.Api.Errors;
using CtfService.Api.Validation;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Bodies;

/// <summary>Reads the fields of a form as strictly as a JSON body is read, and collects the problems.</summary>
internal sealed class FormFields(IFormCollection form, RequestProblems problems)
{
    /// <summary>Suffix that some clients add to a field that may occur several times.</summary>
    private const string ListMark = "[]";

    /// <param name="known">All fields that the request accepts.</param>
    /// <param name="lists">The fields that may occur several times.</param>
    /// <param name="file">The field that is a file.</param>
    public void RequireKnown(IReadOnlyList<string> known, IReadOnlyList<string> lists, string file)
    {
        var names = form.Keys.Concat(form.Files.Select(sent => sent.Name)).Distinct();
        foreach (var name in names.Except(known).Except(lists.Select(list => list + ListMark)))
        {
            problems.Add(name, "unknown_field", UnknownFields.Describe(name, known));
        }

        foreach (var name in form.Files.Select(sent => sent.Name).Distinct().Intersect(known).Where(name => name != file))
        {
            problems.Add(name, "wrong_type", $"{name} must be a text field; only {file} is a file.");
        }
    }

    /// <summary>Returns the text of a field; null if it is absent or empty.</summary>
    public string? Text(string name)
    {
        var values = Values(name);
        if (values.Count > 1)
        {
            problems.Add(name, "duplicate_field", $"The form names {name} {values.Count} times. Send each field once.");
        }

        return values.FirstOrDefault();
    }

    public IReadOnlyList<string>? List(string name)
    {
        var values = StringValues.Concat(Values(name), Values(name + ListMark));
        return values.Count == 0 ? null : [.. values.Select(value => value ?? "")];
    }

    public int? Integer(string name) => Parse<int>(name, NumberStyles.AllowLeadingSign);

    public ulong? Unsigned(string name) => Parse<ulong>(name, NumberStyles.None);

    public float? Number(string name) => Parse<float>(name, NumberStyles.Float);

    private T? Parse<T>(string name, NumberStyles style)
        where T : struct, INumber<T>
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (T.TryParse(text, style, CultureInfo.InvariantCulture, out var value) && !T.IsNaN(value))
        {
            return value;
        }

        problems.Add(name, "wrong_type", $"{name} must be {FieldTypes.Expected(typeof(T))}.");
        return null;
    }

    /// <summary>Treats a field without content as absent, because browsers send every field of a form, filled in or not.</summary>
    private StringValues Values(string name) =>
        form.TryGetValue(name, out var values) ? new StringValues([.. values.Where(value => !string.IsNullOrEmpty(value))]) : StringValues.Empty;
}
