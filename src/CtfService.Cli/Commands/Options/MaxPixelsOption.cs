using System.CommandLine;
using CtfService.Training.Data.Files;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Options;

/// <summary><c>--max-pixels</c> of every command that reads a data set.</summary>
internal static class MaxPixelsOption
{
    public static Option<int> Create() => CommandOption.Number(
        "--max-pixels",
        "Width times height of the largest image that is read; larger ones are skipped by name.",
        ImageFolder.UsualMaxPixels,
        TrainingRanges.Pixels);
}
