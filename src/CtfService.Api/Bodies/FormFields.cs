using System.Globalization;
using System.Numerics;
using CtfService.Api.Configuration;
using CtfService.Api.Errors;
using CtfService.Api.Validation;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Bodies;

/// <summary>Reads the fields of a form as strictly as a JSON body is read, and collects the problems.</summary>
/// <param name="limits">Limits of the files.</param>
internal sealed class FormFields(IFormCollection form, LimitsOptions limits, RequestProblems problems)
{
    /// <summary>Suffix that some clients add to a field that may occur several times.</summary>
    private const string ListMark = "[]";

    /// <param name="known">All fields that the request accepts.</param>
    /// <param name="lists">The fields that may also be named as a list.</param>
    /// <param name="files">The fields that are files.</param>
    public void RequireKnown(IReadOnlyList<string> known, IReadOnlyList<string> lists, IReadOnlyList<string> files)
    {
        var names = form.Keys.Concat(form.Files.Select(sent => sent.Name)).Distinct();
        foreach (var name in names.Except(known).Except(lists.Select(list => list + ListMark)))
        {
            problems.Add(name, "unknown_field", UnknownFields.Describe(name, known));
        }

        var texts = known.Except(files).Intersect(form.Files.Select(sent => WithoutMark(sent.Name)));
        foreach (var name in texts)
        {
            var expected = files.Count == 1 ? $"{files[0]} is a file" : $"{string.Join(" and ", files)} are files";
            problems.Add(name, "wrong_type", $"{name} must be a text field; only {expected}.");
        }
    }

    /// <summary>Returns the only file of a field; an empty one if there are problems.</summary>
    /// <exception cref="RequestRefusedException">The file is too large.</exception>
    public IFormFile RequiredFile(string name) => OnlyFile(name, withoutFile: "required") ?? new FormFile(Stream.Null, 0, 0, name, "");

    /// <summary>Returns the only file of a field; null if there is none, and if there are problems.</summary>
    /// <exception cref="RequestRefusedException">The file is too large.</exception>
    public IFormFile? OptionalFile(string name) => Files(name).Count == 0 && Text(name) is null ? null : OnlyFile(name, withoutFile: "wrong_type");

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

    public bool? Boolean(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (bool.TryParse(text, out var value))
        {
            return value;
        }

        problems.Add(name, "wrong_type", $"{name} must be {FieldTypes.Expected(typeof(bool))}.");
        return null;
    }

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

    private IReadOnlyList<IFormFile> Files(string name) => [.. form.Files.Where(file => WithoutMark(file.Name) == name)];

    private static string WithoutMark(string name) => name.EndsWith(ListMark, StringComparison.Ordinal) ? name[..^ListMark.Length] : name;

    /// <param name="withoutFile">Code of the problem that there is no file.</param>
    private IFormFile? OnlyFile(string name, string withoutFile)
    {
        var files = Files(name);
        var isText = form.Keys.Any(key => WithoutMark(key) == name);
        if (files.Count == 1 && !isText)
        {
            return files[0].Length <= limits.MaxUploadBytes ? files[0] : throw UploadReader.TooLarge(limits, param: name);
        }

        var found = isText ? "a text field, which has no file name," : $"{files.Count} files";
        var remedy = files.Count > 1 ? " Send a request for each." : "";
        problems.Add(
            name, files.Count == 0 ? withoutFile : "duplicate_field", $"The form has {found} for {name}; expected one PNG, JPEG or WebP file.{remedy}");
        return null;
    }

    /// <summary>Treats a field without content as absent, because browsers send every field of a form, filled in or not.</summary>
    private StringValues Values(string name) =>
        form.TryGetValue(name, out var values) ? new StringValues([.. values.Where(value => !string.IsNullOrEmpty(value))]) : StringValues.Empty;
}
