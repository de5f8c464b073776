using System.ComponentModel.DataAnnotations;
using CtfService.Model.Generation;

namespace CtfService.Api.Configuration;

/// <summary>Which model the service loads at start, and where others may come from. Read once at start.</summary>
public sealed record ModelOptions
{
    public const string SectionName = "Model";

    /// <summary>
    /// Folder of the bundle, default <c>models/fruits-64</c>. A relative one is looked for in the current folder, the content root,
    /// the program's folder and every folder above that.
    /// </summary>
    [Required]
    public string Bundle { get; init; } = "models/fruits-64";

    /// <summary>
    /// Folder below which operators may load other bundles (<c>POST /v1/admin/models</c>), default empty: the folder that holds <see cref="Bundle"/>. A relative one is
    /// looked for as the bundle is.
    /// </summary>
    public string Root { get; init; } = "";

    /// <summary><c>auto</c> (default: CUDA where there is one), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    [Required]
    [RegularExpression(ModelPlacement.DevicePattern, ErrorMessage = ModelPlacement.Devices)]
    public string Device { get; init; } = "auto";

    /// <summary>
    /// Element type of the transformers: <c>auto</c> (default: bfloat16 on CUDA, float32 on the CPU), <c>float32</c>, <c>bfloat16</c>, <c>float16</c>, or
    /// <c>int8</c> on the CPU.
    /// </summary>
    [Required]
    [RegularExpression(ModelPlacement.DtypePattern, ErrorMessage = ModelPlacement.Dtypes)]
    public string Dtype { get; init; } = "auto";

    /// <summary>Other names of the loaded model, such as <c>gpt-image-1</c>, for clients that cannot be told its own. Default none.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];
}
