namespace CtfService.Training.Optimization;

/// <summary>The line at the start of a run: what it learns from, and for how long.</summary>
internal static class RunSummary
{
    /// <param name="data">Images, classes and tokens, in words.</param>
    /// <param name="images">Training images: how many steps go once through the data.</param>
    public static string Of(string data, TrainingOptions options, int images) => FormattableString.Invariant(
        $"{data}; {options.Steps} steps of {options.BatchSize} images, {(double)options.Steps * options.BatchSize / images:0.0} times through the data.");
}
