using System.Globalization;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Validation;
using CtfService.Core.Classes;

namespace CtfService.Api.Files;

/// <summary>Collects the fields of an upload as they arrive, and their problems. Not thread-safe.</summary>
internal sealed class FileUploadForm
{
    /// <summary>Largest text field.</summary>
    public const int MaxTextBytes = 1_024;

    private const string File = "file";

    private const string Purpose = "purpose";

    private const string Anchor = "expires_after[anchor]";

    private const string Seconds = "expires_after[seconds]";

    private static readonly string[] Texts = [Purpose, Anchor, Seconds];

    private readonly Dictionary<string, string> _texts = [];
    private readonly RequestProblems _problems = new();
    private string? _fileName;
    private long _bytes;

    /// <summary>Adds a text field.</summary>
    /// <param name="text">Null if it was sent as a file.</param>
    public void Add(string name, string? text)
    {
        if (!Texts.Contains(name))
        {
            _problems.Add(name, "unknown_field", UnknownFields.Describe(name, [File, .. Texts]));
        }
        else if (text is null)
        {
            _problems.Add(name, "wrong_type", $"{name} must be a text field; only {File} is a file.");
        }
        else if (text.Length > 0 && !_texts.TryAdd(name, text)) // browsers send every field of a form, filled in or not
        {
            _problems.Add(name, "duplicate_field", $"The form names {name} twice. Send each field once.");
        }
    }

    /// <summary>Called before the content of the file is received. Refuses it if the fields that precede it are invalid, before many bytes are sent.</summary>
    /// <param name="fileName">As the client sent it.</param>
    /// <exception cref="RequestRefusedException">A field is invalid.</exception>
    public void Begin(string fileName)
    {
        if (_fileName is not null)
        {
            _problems.Add(File, "duplicate_field", $"The form has several files for {File}; expected one.");
        }

        if (_texts.ContainsKey(Purpose))
        {
            RequirePurpose();
        }

        _problems.ThrowIfAny();
        _fileName = SafeFileNames.Of(fileName[(fileName.LastIndexOfAny(['/', '\\']) + 1)..]);
    }

    /// <summary>Adds the problem that the file was sent as text.</summary>
    public void NotAFile() =>
        _problems.Add(File, "wrong_type", $"The form has a text field, which has no file name, for {File}; expected a file with a file name.");

    /// <summary>Called after the content of the file has been received.</summary>
    public void End(long bytes) => _bytes = bytes;

    /// <exception cref="RequestRefusedException">A field is invalid or missing.</exception>
    public FileUpload Complete()
    {
        RequireFile();
        RequirePurpose();
        var lifetime = Lifetime();
        _problems.ThrowIfAny();
        return new FileUpload(_fileName!, _bytes, _texts[Purpose], lifetime);
    }

    private void RequireFile()
    {
        if (_fileName is null && _problems.All.All(problem => problem.Param != File))
        {
            _problems.Add(File, "required", $"The form has no {File}; expected one file with a file name.");
        }
        else if (_fileName is not null && _bytes == 0)
        {
            _problems.Add(File, "empty_file", $"The file '{_fileName}' is empty. Send a file with content.");
        }
    }

    private void RequirePurpose()
    {
        if (_texts.GetValueOrDefault(Purpose) is not { } purpose)
        {
            _problems.Add(Purpose, "required", $"The form has no {Purpose}; expected '{FilePurposes.Batch}'.");
        }
        else if (purpose != FilePurposes.Batch)
        {
            _problems.Add(Purpose, "invalid_value", $"{Purpose} is {Shown(purpose)}; this service keeps files for '{FilePurposes.Batch}' only.");
        }
    }

    private TimeSpan? Lifetime()
    {
        var anchor = _texts.GetValueOrDefault(Anchor);
        var text = _texts.GetValueOrDefault(Seconds);
        if (anchor is not null && anchor != ExpiryFields.CreatedAt)
        {
            _problems.Add(Anchor, "invalid_value", $"{Anchor} is {Shown(anchor)}; expected '{ExpiryFields.CreatedAt}'.");
        }

        if (anchor is null != text is null)
        {
            _problems.Add(anchor is null ? Anchor : Seconds, "required", $"{Anchor} and {Seconds} belong together. Send both or neither.");
        }

        if (text is null)
        {
            return null;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || seconds is < ExpiryFields.MinSeconds or > ExpiryFields.MaxSeconds)
        {
            _problems.Add(
                Seconds, "out_of_range", $"{Seconds} is {Shown(text)}; expected an integer from {ExpiryFields.MinSeconds} to {ExpiryFields.MaxSeconds}.");
        }

        return TimeSpan.FromSeconds(seconds);
    }

    private static string Shown(string text) => text.Length <= 64 ? $"'{text}'" : "a text of more than 64 characters";
}
