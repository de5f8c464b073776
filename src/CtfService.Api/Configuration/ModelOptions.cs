using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Configuration;

/// <summary>Which model the service loads. Read once at start.</summary>
public sealed record ModelOptions
{
    public const string SectionName = "Model";

    /// <summary>
    /// Folder of the bundle, default <c>models/fruits-64</c>. A relative one is looked for in the current folder, the content root,
    /// the program's folder and every folder above that.
    /// </summary>
    [Required]
    public string Bundle { get; init; } = "models/fruits-64";
}
