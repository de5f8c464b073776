namespace CtfService.Training.Optimization;

/// <summary>The first line of a run: its data and its length.</summary>
internal static class RunSummary
{
    /// <param name="data">Description of images, classes and tokens.</param>
    /// <param name="images">Number of training images.</param>
    public static string Of(string data, TrainingOptions options, int images) => FormattableString.Invariant(
        $"{data}; {options.Steps} steps of {options.BatchSize} images, {(double)options.Steps * options.BatchSize / images:0.0} epochs.");
}
