using CtfService.Training.Data.Formats;
using static TorchSharp.torch;

namespace CtfService.Training.Experiments;

/// <summary>Options of <see cref="ExperimentRun"/> besides the plan.</summary>
/// <param name="Data">Folder or tar file of images.</param>
/// <param name="Tokenizer">File of a trained tokenizer; null to train one as the plan specifies.</param>
/// <param name="Output">Folder of all results.</param>
/// <param name="Report">Folder of the report.</param>
/// <param name="Without">Name prefixes of jobs to skip; jobs that depend on them are skipped too.</param>
/// <param name="Redo">Whether to delete results that were made with other settings and run their jobs again.</param>
/// <param name="MaxPixels">Width times height of the largest image that is read.</param>
public sealed record ExperimentOptions(
    string Data, string? Tokenizer, string Output, string Report, IReadOnlyList<string> Without, bool Redo,
    int MaxPixels = ImageDatasetReader.DefaultMaxPixels)
{
    /// <summary>File that lists the class names; null to use those of the data set.</summary>
    public string? ClassNames { get; init; }

    /// <summary>Device of trainings, samples and features.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>Whether trainings multiply in bfloat16; otherwise in float32.</summary>
    public bool UseBfloat16 { get; init; } = true;
}
