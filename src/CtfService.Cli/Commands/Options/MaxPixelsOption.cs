using System.CommandLine;
using CtfService.Training.Data.Formats;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Options;

/// <summary>Option <c>--max-pixels</c> of the commands that read a data set.</summary>
internal static class MaxPixelsOption
{
    public static Option<int> Create() => CommandOption.Number(
        "--max-pixels",
        "Largest image that is read, width times height; larger ones are skipped and listed.",
        ImageDatasetReader.DefaultMaxPixels,
        TrainingRanges.Pixels);
}
