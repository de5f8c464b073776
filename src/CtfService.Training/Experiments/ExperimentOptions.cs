using CtfService.Training.Data.Files;

namespace CtfService.Training.Experiments;

/// <param name="Data">Folder or tar file of images.</param>
/// <param name="Tokenizer">A finished tokenizer; trained as the plan says where null.</param>
/// <param name="Output">Folder of everything that is made.</param>
/// <param name="Report">Folder of the report.</param>
/// <param name="Without">Jobs whose names begin so are left for another time, and so is what needs them.</param>
/// <param name="Redo">Deletes results of other settings, to do them again.</param>
/// <param name="MaxPixels">Width times height of the largest image that is read.</param>
public sealed record ExperimentOptions(
    string Data, string? Tokenizer, string Output, string Report, IReadOnlyList<string> Without, bool Redo, int MaxPixels = ImageFolder.UsualMaxPixels);
