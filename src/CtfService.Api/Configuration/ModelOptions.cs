using System.ComponentModel.DataAnnotations;
using CtfService.Model.Loading;

namespace CtfService.Api.Configuration;

/// <summary>The model that the service loads at startup, and the folder that operators may load other models from. Read once at startup.</summary>
public sealed record ModelOptions
{
    public const string SectionName = "Model";

    /// <summary>
    /// Folder of the model bundle. A relative path is resolved against the working directory, the content root, the program's folder and every folder above
    /// it.
    /// </summary>
    [Required]
    public string Bundle { get; init; } = "models/fruits-64";

    /// <summary>
    /// Folder below which operators may load other bundles with <c>POST /v1/admin/models</c>; relative paths are resolved as for <c>Model:Bundle</c>. If
    /// empty, the folder that contains <c>Model:Bundle</c>.
    /// </summary>
    public string Root { get; init; } = "";

    /// <summary>Device that the model runs on: <c>auto</c> (CUDA if available, otherwise the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    [Required]
    [RegularExpression(ModelPlacement.DevicePattern, ErrorMessage = ModelPlacement.Devices)]
    public string Device { get; init; } = "auto";

    /// <summary>
    /// Several devices that each run a copy of the model, behind one queue: CUDA devices such as <c>cuda:0</c> and <c>cuda:1</c>, or <c>cpu</c> several times,
    /// which share the cores. At most 64, of one kind. If empty, the one in <c>Model:Device</c>.
    /// </summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>
    /// Element type of the transformers: <c>auto</c> (bfloat16 on CUDA; on the CPU the fastest here of those that the model's recorded evaluation allows,
    /// else float32), <c>float32</c>, <c>bfloat16</c>, <c>float16</c>, or, on the CPU only, <c>int8</c>. Another type gives other bytes for the same seed:
    /// name one where several machines must agree.
    /// </summary>
    [Required]
    [RegularExpression(ModelPlacement.DtypePattern, ErrorMessage = ModelPlacement.Dtypes)]
    public string Dtype { get; init; } = "auto";

    /// <summary>Other names of the loaded model, such as <c>gpt-image-1</c>, for clients that cannot be configured to send its own name.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];
}
