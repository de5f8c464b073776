namespace CtfService.Model.Imaging;

/// <summary>A file of an edit cannot be read, or does not say what to edit.</summary>
/// <param name="file">The file to mend.</param>
/// <param name="code">Names the problem for programs.</param>
/// <param name="message">For people: what is wrong, what was expected and what to do.</param>
public sealed class EditFileException(EditFile file, string code, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The file to mend.</summary>
    public EditFile File { get; } = file;

    /// <summary>Names the problem for programs, such as <c>mask_size_mismatch</c>.</summary>
    public string Code { get; } = code;
}

/// <summary>A file of an edit.</summary>
public enum EditFile
{
    /// <summary>The picture of which a part is changed.</summary>
    Picture,

    /// <summary>The file whose transparent pixels are that part.</summary>
    Mask,
}
