using System.Globalization;

namespace CtfService.Training.Data.Labels;

/// <summary>The class of an image, as its data set stores it: an id, a name or both.</summary>
/// <param name="Id">Class id; null if only the name is stored.</param>
/// <param name="Name">Class name in Unicode's composed form; null if only the id is stored.</param>
internal sealed record ImageLabel(long? Id, string? Name)
{
    /// <summary>The id that data sets give to images without a label, as Hugging Face does for test images.</summary>
    private const long NoLabel = -1;

    /// <returns>Null if the id says that there is no label.</returns>
    public static ImageLabel? Of(long id) => id == NoLabel ? null : new ImageLabel(id, null);

    /// <returns>Null if the name is null or empty.</returns>
    public static ImageLabel? Of(string? name) => string.IsNullOrWhiteSpace(name) ? null : new ImageLabel(null, ClassName.Composed(name));

    /// <summary>Reads a text file with an id or a name.</summary>
    public static ImageLabel? OfText(string text) =>
        long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id) ? Of(id) : Of(text.Trim());

    public override string ToString() => Name is null ? string.Create(CultureInfo.InvariantCulture, $"{Id}") : $"'{Name}'";
}
